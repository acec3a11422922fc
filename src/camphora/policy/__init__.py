"""Who may read what, for which purpose: pure values and pure functions.

The `Access` is the permission that every read carries. `decide` turns a request and the person's choices into
a decision with its reasons as data. Choices are FHIR Consents; `choices.effects` says what each one does.
"""

from camphora.policy.access import Access, ClosedSet, HiddenSet, Reader
from camphora.policy.decision import Decision, Reason, Request, decide
from camphora.policy.vocabulary import Purpose, Role

__all__ = [
    "Access",
    "ClosedSet",
    "Decision",
    "HiddenSet",
    "Purpose",
    "Reader",
    "Reason",
    "Request",
    "Role",
    "decide",
]
