"""The numbers of watch and evidence: pure functions on arrays, each with its source and an answer that it equals.

A method takes its data as arrays, positionally, and every parameter by keyword, as plain values. Its result says in
`made` how it was made, so that `made.again(*data)` gives the same result. Nothing here reads a clock, a file or a
random number that was not seeded.
"""

from camphora.methods.made import Made

__all__ = ["Made"]
