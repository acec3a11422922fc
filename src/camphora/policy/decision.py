"""The decision: whether a reader may have a record, with reasons and obligations, as a pure function."""

from __future__ import annotations

from camphora.policy.asking import Asked, Decision, Facts, Whom
from camphora.policy.compiling import compile as compile_policy
from camphora.policy.policy import Policy


def decide(asked: Asked, whom: Whom | None, facts: Facts | None, policy: Policy | None = None) -> Decision:
    """Decide by the rules of docs/explanation/decision.md; the policy is Taiwan's where none is given.

    For many records of one person compile once and judge each: `compiling.compile(whom, policy).judge(asked)`.
    """
    return compile_policy(whom, policy or Policy.taiwan()).judge(asked)(facts)
