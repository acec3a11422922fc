"""Resistance of microbes: which isolates count, what share is susceptible, and by whose breakpoints."""
