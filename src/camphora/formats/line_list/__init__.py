"""Line lists: one row a case of a notifiable disease, as hospitals and health bureaus keep them in CSV or Excel.

Each office names its columns its own way. A mapping (TOML) says which column is which field; it is proposed from the
column names, confirmed by whoever loads, and remembered. From it:

    mapping = Mapping.load(path)
    for row, case, faults in Cases(mapping, today).read(rows):     # one by one, duplicates found
        resources(case, ids)                                       # Patient, Condition, Encounter, Observation
"""

from camphora.formats.line_list.cases import Case, Cases, Pairs, Taken, are_near
from camphora.formats.line_list.mapping import Mapping, guessed, proposed
from camphora.formats.line_list.resources import Ids, resources

__all__ = [
    "Case",
    "Cases",
    "Ids",
    "Mapping",
    "Pairs",
    "Taken",
    "are_near",
    "guessed",
    "proposed",
    "resources",
]
