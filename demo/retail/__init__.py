"""The real half of the sample shop: UCI Online Retail, prepared once and shipped in demo/data."""
