"""Loss terms, each a pure function."""
