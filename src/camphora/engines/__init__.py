"""Engines: what many systems stand on. They never import one another; they meet in what is kept."""
