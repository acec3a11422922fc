"""The receipt log: append-only, hashed as RFC 6962, signed heads, proofs that anybody can check."""

from camphora.audit.keys import write_secret
from camphora.audit.log import Log
from camphora.audit.merkle import Tree, verify_consistency, verify_inclusion
from camphora.audit.receipt import Receipt, commitment
from camphora.audit.verifying import Verdict, Verifier, check_proof, check_written, is_vouched_for, verify

__all__ = [
    "Log",
    "Receipt",
    "Tree",
    "Verdict",
    "Verifier",
    "check_proof",
    "check_written",
    "commitment",
    "is_vouched_for",
    "verify",
    "verify_consistency",
    "verify_inclusion",
    "write_secret",
]
