"""Detection: what in a series of counts is more than was to be expected."""
