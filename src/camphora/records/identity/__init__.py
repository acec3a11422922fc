"""The person index: who bears a number, who may be one person with whom, and what a human decided about it."""

from camphora.records.identity.deciding import Decided, Register
from camphora.records.identity.duplicates import Borrowed, Duplicates, Proposal, find, pair_of
from camphora.records.identity.lookup import Holder, Match, lookup, match, sought
from camphora.records.identity.traits import Number, Traits, traits
from camphora.records.identity.weighing import FIELDS, PRIOR, Evidence, Weighed, percent, weigh

__all__ = [
    "FIELDS",
    "PRIOR",
    "Borrowed",
    "Decided",
    "Duplicates",
    "Evidence",
    "Holder",
    "Match",
    "Number",
    "Proposal",
    "Register",
    "Traits",
    "Weighed",
    "find",
    "lookup",
    "match",
    "pair_of",
    "percent",
    "sought",
    "traits",
    "weigh",
]
