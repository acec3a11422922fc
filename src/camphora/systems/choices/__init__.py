"""A person's choices over their data: the pages of the platform that serve these clauses of the plans."""
