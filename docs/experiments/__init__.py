"""The runs behind docs/reproduction.md: what is run, what is kept, the tables and figures made of it."""
