"""Outbreaks of which the truth is known, and how well a detector finds them."""
