r"""Regular expressions that cannot hang: `matches`, `matchesFull`, `replaceMatches` in time linear in the text.

The dialect is what invariants write and Java, .NET, JavaScript and PCRE share: groups, named groups, classes, lazy
and greedy repetition, `\d \w \s \b \p{L}` (ASCII but for `\p`), look-ahead, `(?i)`. `.` also matches a line's end,
as FHIRPath asks. There are no back references and no look-behind: a pattern with them is refused, not guessed.

A pattern becomes a program for Thompson's and Pike's simulation, without backtracking; where only a yes or no is
asked and nothing depends on the place, its sets of states are remembered as an automaton made while it runs.
"""

from __future__ import annotations

from camphora.fhir.fhirpath.patterns.machine import Pattern, compiled

__all__ = ["Pattern", "compiled"]
