"""Who may read what, for which purpose: pure values and pure functions.

`admit` says whether a reader may ask at all and mints the `Access`, the permission that every read carries.
`decide` says whether they may have one record, with reasons and obligations (docs/explanation/decision.md). Choices
are FHIR Consents; `choices.effects` says what each does to the sets that queries join.
"""

from camphora.policy.access import Access, ClosedSet, HiddenSet, Reader
from camphora.policy.admission import Admission, Request, admit
from camphora.policy.asking import Decision, Facts, Obligation, Reason, Whom
from camphora.policy.decision import decide
from camphora.policy.policy import Policy
from camphora.policy.vocabulary import Purpose, Role

__all__ = [
    "Access",
    "Admission",
    "ClosedSet",
    "Decision",
    "Facts",
    "HiddenSet",
    "Obligation",
    "Policy",
    "Purpose",
    "Reader",
    "Reason",
    "Request",
    "Role",
    "Whom",
    "admit",
    "decide",
]
