"""The made-up half of the sample shop: electronics, clothes and books, in five languages."""
