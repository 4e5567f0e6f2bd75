"""History from files: tables are read in pieces, rows become the same elements that events are made of."""
