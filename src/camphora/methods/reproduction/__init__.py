"""How many a case infects: the reproduction number over time."""
