"""A reason of a decision in plain words, with its law, in zh-TW and English; for pages and the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from camphora.errors import Lang
from camphora.policy.asking import Reason
from camphora.policy.policy import Policy


def say(reason: Reason, lang: Lang, policy: Policy | None = None) -> str:
    """The sentence and, where the reason stands on one, its law: 當事人已限制查閱（當事人之選擇）."""
    text = sentences()[reason.code][lang]
    if not reason.source:
        return text
    law = (policy or Policy.taiwan()).law(reason.source, lang)
    return f"{text}（{law}）" if lang == "zh-TW" else f"{text} ({law})"


@cache
def sentences() -> Mapping[str, Mapping[Lang, str]]:
    """Every reason code with its sentence in both languages."""
    return tomllib.loads(files("camphora.policy").joinpath("reasons.toml").read_text("utf-8"))
