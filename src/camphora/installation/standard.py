"""What an installation knows of the standard: its guides, its codes, and the validator under the site's policy.

`validation.toml` in the folder says how strictly profiles and rules are held to (`camphora.fhir.validation.policy`);
without it what breaks base R4 or a declared profile is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from camphora.fhir.packages import Guides
from camphora.fhir.validation import Policy, Validator
from camphora.installation.packages import guides
from camphora.terminology import Terminology
from camphora.terminology.operations.requests import Desk
from camphora.terminology.stored_library import Holdings
from camphora.terminology.terms import HeldTerms

POLICY = "validation.toml"


@dataclass(frozen=True, slots=True)
class Standard:
    """`desk` answers the terminology operations, `validator` checks resources, `terms` says what value sets and
    hierarchies hold; all may be shared by threads."""

    guides: Guides
    desk: Desk
    validator: Validator
    terms: HeldTerms

    @classmethod
    def of(cls, folder: Path, terminology: Terminology) -> Standard:
        """Raises `Faults` where `validation.toml` or an added package is not right."""
        known = guides(folder)
        holdings = Holdings.of(terminology, known)
        terms = HeldTerms(holdings)
        return cls(known, Desk(holdings), Validator(known, terms, policy=policy(folder)), terms)


def policy(folder: Path) -> Policy:
    """The policy of a folder. Raises `Invalid` or `Faults`, which name the file and the line's name."""
    file = folder / POLICY
    return Policy.read(file.read_text("utf-8"), file.name) if file.exists() else Policy()
