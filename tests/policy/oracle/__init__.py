"""A second decision, slow and plain, written from docs/explanation/decision.md alone.

It shares no code with what decides in `camphora.policy` (compiling, weighing, consents): only the values that go in and
the policy's own tables, read here as plain data. Every function follows one paragraph of the page, in the page's order.
"""

from policy.oracle.actors import known, teams
from policy.oracle.deciding import decide
from policy.oracle.records import facts
from policy.oracle.systems import lineage, upwards
from policy.oracle.tables import taiwan, with_settings
from policy.oracle.values import ACT_CODE, Duty, Found, Told

__all__ = [
    "ACT_CODE",
    "Duty",
    "Found",
    "Told",
    "decide",
    "facts",
    "known",
    "lineage",
    "taiwan",
    "teams",
    "upwards",
    "with_settings",
]
