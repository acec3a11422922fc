"""A declared emergency in words: what stands over its reader's pages while it is open."""

from __future__ import annotations

import time
from datetime import datetime
from urllib.parse import quote

from camphora.gate.emergencies import Declared
from camphora.pages import Action, dates
from camphora.pages.words import Words
from camphora.policy.choices import TAIPEI
from camphora.web.contexts import Standing
from camphora.web.reading.people import masked

MINUTE = 60_000


def standing(words: Words, declared: Declared) -> Standing:
    """The notice over every page: whom, how much longer, and how it is ended."""
    left = max(0, declared.over - int(time.time() * 1000)) // MINUTE
    key = "emergency.hours_minutes" if left >= 60 else "emergency.minutes"
    said = words(key, hours=left // 60, minutes=left % 60)
    person = str(declared.person)
    return Standing(
        title=words("emergency.banner", person=masked(declared.identifier.rpartition("|")[2])),
        text=words("emergency.banner_text", left=said, until=moment(words, declared.over)),
        open=Action(words("emergency.banner_open"), f"/patients/{quote(person)}"),
        end=Action(
            words("emergency.banner_end"), "/emergency/end", post=True, fields={"number": str(declared.no)}
        ),
    )


def moment(words: Words, at: int) -> str:
    """A moment in milliseconds UTC, in Taiwan's time."""
    return dates.moment(datetime.fromtimestamp(at / 1000, TAIPEI), words.lang)
