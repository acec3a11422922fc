"""Late reports as an installation keeps them: each weekly file an edition of the whole history, read when compared."""

from camphora.engines.watch import bulletin_sentences as say
from camphora.engines.watch.bulletin import late_of
from camphora.gate.gate import ANYBODY
from camphora.installation import Installation
from camphora.pages.words import Words
from camphora.policy.internal import loading
from camphora.policy.vocabulary import Purpose
from camphora.web.watching import Watches
from watch.test_bulletin import early

SYSTEM = "smart_epidemic_prevention"


def test_the_editions_of_a_store_are_compared(tmp_path):
    installation = Installation.open(tmp_path / "place", make=True)
    try:
        missed = {(2019, 6, "65000", "0-6"): 7, (2019, 6, "63000", "65+"): 2}
        for rows in (early("2019-05"), early("2019-06", missed), early("2019-07")):
            installation.store.add_batch(
                loading("a weekly file"), "ili_visits", rows, source="cdc", as_of="2023-07-01", public=True
            )
        installation.lake.catch_up()
        access = installation.gate.access(ANYBODY, Purpose.OPEN)
        system = installation.catalogue.systems[SYSTEM]
        watched = Watches().of(installation, system, access, ["ili"])["ili"]
        assert len(watched.editions) == 3
        found = late_of(watched, "2019-06")
        assert (found.editions, found.through, found.latest) == (3, "2019-06", False)
        assert {area: now - then for area, then, now in found.areas} == {"65000": 7, "63000": 2}
        text = say.late(found, watched.watch, say.worded(Words("en")))
        assert "9 visits came late" in text
        assert "changed in 2 counties" in text
        assert late_of(watched, "2019-05").changed is False
        assert late_of(watched, "2019-07").latest
    finally:
        installation.close()
