"""How resources become words: against brute force, and complete in both languages."""

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.pages.words import missing
from camphora.policy import admission
from camphora.policy.internal import following
from camphora.web.reading import Reading, elements, medicines, screening, titles
from camphora.web.reading.people import masked
from camphora.web.site import handlers_words

TODAY = date(2026, 11, 21)
FOLDER = Path(admission.__file__).parents[1] / "web" / "words"


class NoTerms:
    """A terminology that holds nothing: what the words alone must say."""

    def plain(self, system, code):
        return None

    def lookup(self, system, code):
        return None


@pytest.fixture(params=["zh-TW", "en"])
def reading(request):
    return Reading(handlers_words(request.param), NoTerms(), TODAY)


@pytest.mark.parametrize("name", ["citizen", "clinic", "reading"])
def test_the_words_are_complete_in_both_languages(name):
    tables = [tomllib.loads((FOLDER / lang / f"{name}.toml").read_text("utf-8")) for lang in ("zh-TW", "en")]
    assert missing(*tables) == []


def test_every_reason_of_a_decision_and_its_law_can_be_said(reading):
    source = Path(admission.__file__).read_text("utf-8")
    codes = re.findall(r'Reason\(\s*"([a-z-]+)"', source)
    laws = re.findall(r'source="([^"]+)"', source)
    assert len(codes) > 10
    assert [code for code in codes if f"reason.{code}" not in reading.words] == []
    assert [law for law in laws if f"law.{law}" not in reading.words] == []


def born(age, days=0):
    birthday = date(TODAY.year - age, TODAY.month, TODAY.day) - timedelta(days)
    return {"resourceType": "Patient", "gender": "female", "birthDate": birthday.isoformat()}


def done(programme, day):
    code = {"coding": [{"system": "urn:camphora:screening", "code": programme}]}
    return {
        "resourceType": "Procedure", "status": "completed", "code": code, "performedDateTime": day.isoformat(),
    }  # fmt: skip


@given(age=st.integers(30, 90), ago=st.integers(0, 2500))
def test_a_screening_is_due_exactly_when_the_interval_of_her_age_has_passed(age, ago):
    last = TODAY - timedelta(ago)
    found = {
        each.programme
        for each in screening.due(born(age), [done("fit", last), done("mammography", last)], TODAY)
    }
    over = (last.year + 2, last.month, last.day) <= (TODAY.year, TODAY.month, TODAY.day)
    assert ("fit" in found) == (45 <= age <= 74 and over)
    assert ("mammography" in found) == (40 <= age <= 74 and over)


@pytest.mark.parametrize(("age", "years"), [(29, None), (30, 5), (39, 5), (40, 3), (64, 3), (65, 1), (95, 1)])
def test_the_adult_check_comes_as_often_as_her_age_says(age, years):
    found = [each for each in screening.due(born(age, 1), [], TODAY) if each.programme == "adult_check"]
    assert [int(each.rule.value) for each in found] == ([years] if years else [])


def test_the_hpv_test_is_due_in_three_years_of_life_and_once_in_each():
    ages = [
        age
        for age in range(20, 90)
        if "papilloma" in {each.programme for each in screening.due(born(age), [], TODAY)}
    ]
    assert ages == [35, 45, 65]
    long_ago = [done("papilloma", TODAY - timedelta(3650))]
    assert "papilloma" in {each.programme for each in screening.due(born(45), long_ago, TODAY)}
    assert "papilloma" not in {
        each.programme for each in screening.due(born(45), [done("papilloma", TODAY)], TODAY)
    }


def test_no_screening_is_due_that_needs_a_risk_the_record_does_not_tell():
    found = {each.programme for age in range(18, 100) for each in screening.due(born(age), [], TODAY)}
    assert found.isdisjoint({"lung", "oral"})


def test_nothing_is_due_before_the_figures_hold_or_after_death():
    assert screening.due(born(60), [], date(2024, 12, 31)) == []
    assert screening.due({**born(60), "deceasedDateTime": "2026-01-01"}, [], TODAY) == []


def test_what_was_not_done_does_not_count():
    for status in ("not-done", "entered-in-error"):
        row = {**done("fit", TODAY), "status": status}
        assert "fit" in {each.programme for each in screening.due(born(60), [row], TODAY)}


def prescription(begin, repeats=2):
    request = {
        "validityPeriod": {"start": begin.isoformat(), "end": (begin + timedelta(90)).isoformat()},
        "numberOfRepeatsAllowed": repeats, "expectedSupplyDuration": {"value": 28, "code": "d"},
    }  # fmt: skip
    return {"resourceType": "MedicationRequest", "id": "m", "status": "active", "dispenseRequest": request}


@given(ago=st.integers(0, 120), given_=st.integers(0, 4))
def test_the_next_refill_follows_the_last_supply_until_the_prescription_ends(ago, given_):
    begin = TODAY - timedelta(ago)
    rows = [
        {"whenHandedOver": (begin + timedelta(28 * turn)).isoformat() + "T09:00:00+08:00"}
        for turn in range(given_)
    ]
    found = medicines.refill(prescription(begin), rows, TODAY)
    due = begin + timedelta(28 * given_)
    assert (found is None) == (given_ > 2 or max(TODAY, due) > begin + timedelta(90))
    if found:
        assert (found.due, found.turn, found.turns) == (due, given_ + 1, 3)


def test_a_prescription_without_repeats_has_no_refill():
    assert medicines.refill(prescription(TODAY, repeats=0), [], TODAY) is None


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        ({"valueQuantity": {"value": 6.0, "unit": "%", "code": "%"}}, "6.0%", "6.0%"),
        ({"valueQuantity": {"value": 1, "unit": "錠", "code": "{tbl}"}}, "1 錠", "1 tablet"),
        ({"valueQuantity": {"value": 0.1, "comparator": "<", "unit": "ng/mL"}}, "< 0.1 ng/mL", "< 0.1 ng/mL"),
        ({"valueBoolean": True}, "是", "yes"),
        ({"valueDateTime": "2026-01-31T16:30:00Z"}, "115 年 2 月 1 日 00:30", "1 Feb 2026, 00:30"),
    ],
)  # fmt: skip
def test_a_value_is_said_in_the_form_of_its_type(reading, value, zh, en):
    assert reading.value(value) == (zh if reading.lang == "zh-TW" else en)


def test_two_numbers_of_one_unit_are_said_together(reading):
    parts = [{"valueQuantity": {"value": number, "code": "mm[Hg]"}} for number in (138, 86)]
    assert reading.value({"component": parts}) == (
        "138／86 mmHg" if reading.lang == "zh-TW" else "138/86 mmHg"
    )


def test_a_code_without_a_name_is_not_said(reading):
    assert reading.concept({"coding": [{"system": "http://loinc.org", "code": "99999-9"}]}) == ""


TREE = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "_c"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(TREE)
def test_the_table_can_be_followed_back_to_every_value(tree):
    resource = {"x": tree}
    for path, value in elements.leaves(resource):
        place = resource
        for step in re.findall(r"[^.\[\]]+", path):
            place = place[int(step)] if isinstance(place, list) else place[step]
        assert place == value


def test_every_element_of_a_synthetic_record_has_a_name_in_words(world, reading):
    names = {
        name
        for row in world.rows()
        for path, _ in elements.leaves(row)
        for name in re.findall(r"[_A-Za-z]+", path)
    }
    assert len(names) > 60
    assert sorted(name for name in names if f"element.{name}" not in reading.words) == []


def test_the_middle_of_a_number_is_hidden():
    assert masked("D212602299") == "D2*****299"


CODELIKE = re.compile(r"https?://|urn:|Patient/|Encounter/|\b[A-Z]\d{2}\.\w+|\b\d{4,5}-\d\b|None|\{|\[")


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_every_synthetic_record_is_told_without_codes(world, lang):
    reading = Reading(handlers_words(lang), world.installation.terminology, TODAY)
    store, told = world.installation.store, 0
    for row in store.scan(following("test"), 0, 10**9):
        resource = orjson.loads(row.body)
        lines = [str(line["value"]) for line in elements.readable(reading, resource).rows]
        said = [titles.title(reading, resource), *lines]
        assert said[0]
        assert [text for text in said if CODELIKE.search(text)] == [], (row.type, row.id)
        told += 1
    assert told > 3000
