"""Receipts for tests of the log alone."""

from camphora.audit import Receipt, commitment


def receipt(number, **more):
    nonce = f"{number:016x}"
    said = {
        "at": 1_700_000_000_000 + number,
        "reader": "u1",
        "name": "林醫師",
        "role": "clinician",
        "organisation": "h1",
        "purpose": "care",
        "act": "read",
        "types": ("Patient",),
        "persons": (commitment(b"salt", nonce),),
        "nonce": nonce,
    }
    return Receipt(**{**said, **more})
