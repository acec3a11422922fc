"""Roles, purposes and sensitivity labels: the closed lists on which every decision rests."""

from __future__ import annotations

from enum import StrEnum

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


class Purpose(StrEnum):
    """利用目的. SELF is a person's own reading and that of those they let in; OPERATION keeps the system going."""

    OPEN = "open"
    SELF = "self"
    CARE = "care"
    SECONDARY = "secondary"
    OPERATION = "operation"


ACT_REASONS: dict[str, Purpose] = {
    "PATRQT": Purpose.SELF,
    "FAMRQT": Purpose.SELF,
    "TREAT": Purpose.CARE,
    "HRESCH": Purpose.SECONDARY,
    "HPAYMT": Purpose.OPERATION,
}
"""The v3-ActReason codes that a choice may name, each with the purpose that it means here."""

LABELS: tuple[str, ...] = ("PSY", "HIV", "SEX", "ETH", "SUD", "SDV", "GDIS", "BH", "STD", "OTHER")
"""Sensitivity labels (v3-ActCode, information sensitivity) by bit: a record's labels are a small integer.
The order is stored in every installation: append, never reorder."""


def label_mask(codes: list[str] | tuple[str, ...]) -> int:
    """The labels as bits; a code that is not in the list counts as OTHER, so that it can still be closed."""
    mask = 0
    for code in codes:
        mask |= 1 << LABELS.index(code if code in LABELS else "OTHER")
    return mask
