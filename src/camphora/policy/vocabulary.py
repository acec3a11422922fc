"""Roles, purposes and sensitivity labels: the closed lists on which every decision rests."""

from __future__ import annotations

from enum import StrEnum
from functools import cache

ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ACT_CODE = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


class Role(StrEnum):
    """What a reader is here as. One sign-in acts in one role at a time."""

    PUBLIC = "public"
    CITIZEN = "citizen"
    CLINICIAN = "clinician"
    PHARMACIST = "pharmacist"
    OFFICER = "officer"
    MANAGER = "manager"
    ANALYST = "analyst"
    SUPPLY = "supply"
    ADMINISTRATOR = "administrator"
    PRIVACY = "privacy"


class Purpose(StrEnum):
    """利用目的. SELF is a person's own reading and that of those they let in; OPERATION keeps the system going;
    SURVEILLANCE is 疫情調查, which stands on statute: notifiable records within an officer's area."""

    OPEN = "open"
    SELF = "self"
    CARE = "care"
    SECONDARY = "secondary"
    SURVEILLANCE = "surveillance"
    OPERATION = "operation"


LABELS: tuple[str, ...] = ("PSY", "HIV", "SEX", "ETH", "SUD", "SDV", "GDIS", "BH", "STD", "OTHER")
"""Sensitivity labels (v3-ActCode, information sensitivity) by bit: a record's labels are a small integer.
The order is stored in every installation: append, never reorder."""
EVERY = "*"
"""What a record bears that may be of any kind: one that points where its writer could not look."""
UNTOLD = 1 << 56
"""The bit of such a record; every label's stands beside it."""


def label_mask(codes: list[str] | tuple[str, ...]) -> int:
    """The labels as bits. A code below one of the list (OPIOIDUD below SUD) counts as that one; any other that is
    not in the list as OTHER, so that it can still be closed."""
    mask = 0
    for code in codes:
        mask |= _bits(code)
    return mask


@cache
def _bits(code: str) -> int:
    if code in LABELS:
        return 1 << LABELS.index(code)
    if code == EVERY:
        return UNTOLD | ((1 << len(LABELS)) - 1)
    from camphora.policy.codes import act_codes

    above = [each for each in act_codes().get(code, ()) if each in LABELS] or ["OTHER"]
    return sum(1 << LABELS.index(each) for each in set(above))
