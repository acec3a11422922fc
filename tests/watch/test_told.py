"""Whose work a watch's signals are, and which are suppressed, as it declares."""

import pytest

from camphora.engines.watch.declaration import Told, Watch
from camphora.errors import Faults
from watch.watched import SYSTEM, table, watch

SOURCE = (SYSTEM / "watch" / "ili.toml").read_text("utf-8")


def declared(tmp_path, *changes):
    text = SOURCE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "ili.toml"
    path.write_text(text, "utf-8")
    return Watch.load(path, table("ili_visits"))


@pytest.mark.parametrize(
    ("told", "who", "answer"),
    [
        (Told(), ("officer", None, "65000"), True),
        (Told(), ("officer", "cdc", "tw"), True),
        (Told(), ("analyst", None, "65000"), False),
        (Told(roles=()), ("officer", None, "65000"), False),
        (Told(areas=("65000",)), ("officer", None, "65000"), True),
        (Told(areas=("65000",)), ("officer", None, "65000010"), True),
        (Told(areas=("65000",)), ("officer", None, "64000"), False),
        (Told(areas=("65000",)), ("officer", None, "tw"), False),
        (Told(areas=("tw",)), ("officer", None, "tw"), True),
        (Told(areas=("tw",)), ("officer", None, "65000"), False),
        (Told(organisations=("cdc",)), ("officer", "cdc", "65000"), True),
        (Told(organisations=("cdc",)), ("officer", "h1", "65000"), False),
        (Told(organisations=("cdc",)), ("officer", None, "65000"), False),
    ],
)
def test_who_is_told(told, who, answer):
    assert told.reaches(*who) is answer


def test_what_is_declared_is_what_counts(tmp_path):
    made = declared(tmp_path, ("silence = 2", "silence = 5"), ("areas = []", 'areas = ["65000", "tw"]'))
    assert (made.budget.silence, made.budget.own, made.budget.least) == (5, 0.01, 5)
    assert made.told == Told(("officer",), ("65000", "tw"), ())
    assert watch("ili").told == Told()


@pytest.mark.parametrize(
    ("change", "code", "key"),
    [
        (('roles = ["officer"]', 'roles = ["citizen"]'), "formats-key-choice", "told.roles"),
        (("areas = []", 'areas = ["臺北市"]'), "formats-key-pattern", "told.areas"),
        (("organisations = []", 'organisations = ["a b"]'), "formats-key-pattern", "told.organisations"),
        (("organisations = []", ""), "formats-key-missing", "told.organisations"),
        (("organisations = []", "organisations = []\npeople = []"), "formats-key-unknown", "told.people"),
        (("[suppression]", ""), "formats-key-missing", "suppression"),
        (("silence = 2", ""), "formats-key-missing", "suppression.silence"),
    ],
)
def test_what_is_wrongly_declared_is_refused(tmp_path, change, code, key):
    with pytest.raises(Faults) as found:
        declared(tmp_path, change)
    assert (code, key) in [(each.code, each.facts["key"]) for each in found.value.faults]
    assert all(each.remedy("zh-TW") and each.remedy("en") and each.place.line for each in found.value.faults)
