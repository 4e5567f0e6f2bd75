"""What can be wrong with an email that compiles: one small check per mistake, each a pure function."""
