import csv
import datetime as dt
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import NotFound, catalogue
from camphora.fhir.packages import package
from camphora.fhir.taiwan import identifiers
from camphora.synth import numbers

ROOT = Path(__file__).parents[2]
CASES = list(csv.reader((Path(__file__).parent / "data/identifiers.csv").read_text("utf-8").splitlines()))[1:]
PUBLISHED = (
    "A10 B11 C12 D13 E14 F15 G16 H17 I34 J18 K19 L20 M21 N22 O35 P23 Q24 R25 S26 T27 U28 V29 W32 X30 Y31 Z33"
)
TWO = {pair[0]: pair[1:] for pair in PUBLISHED.split()}
MOI, NIA, GCIS = "http://www.moi.gov.tw", "http://www.immigration.gov.tw", "https://gcis.nat.gov.tw"
letters = st.sampled_from(sorted(TWO))


def digits(count):
    return st.text("0123456789", min_size=count, max_size=count)


def eleven_agree(digits):
    """The ministry's rule word for word: eleven digits, their weights, a sum that ends in 0."""
    products = [
        int(digit) * weight for digit, weight in zip(digits, [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1], strict=True)
    ]
    return str(sum(products))[-1] == "0"


def finance_agrees(eight):
    """The Ministry of Finance's rule word for word: a 10 is taken as its 1 or as its 0."""
    sums = [0]
    for digit, weight in zip(eight, "12121241", strict=True):
        one = sum(int(sign) for sign in str(int(digit) * int(weight)))
        sums = [total + choice for total in sums for choice in ([1, 0] if one == 10 else [one])]
    return any(total % 5 == 0 for total in sums)


@pytest.mark.parametrize(("system", "value", "codes", "_why"), CASES)
def test_every_case_of_the_table_holds(system, value, codes, _why):
    assert [finding.code for finding in identifiers.check(system, value)] == codes.split()
    if system in identifiers.systems():
        assert identifiers.warnings(system, value) == tuple(codes.split())


@given(letters, st.sampled_from("12"), digits(8))
def test_national_numbers_are_judged_as_the_ministry_says(letter, sex, rest):
    agrees = eleven_agree(TWO[letter] + sex + rest)
    assert identifiers.warnings(MOI, letter + sex + rest) == (() if agrees else ("taiwan-id-checksum",))


@given(letters, st.sampled_from("89"), digits(8))
def test_new_resident_numbers_are_judged_as_the_agency_says(letter, sex, rest):
    agrees = eleven_agree(TWO[letter] + sex + rest)
    assert identifiers.warnings(NIA, letter + sex + rest) == (() if agrees else ("taiwan-resident-checksum",))


@given(letters, st.sampled_from("ABCD"), digits(8))
def test_of_an_old_resident_numbers_second_letter_the_last_digit_counts(letter, second, rest):
    agrees = eleven_agree(TWO[letter] + TWO[second][1] + rest)
    assert identifiers.warnings(NIA, letter + second + rest) == (
        () if agrees else ("taiwan-resident-checksum",)
    )


@given(digits(6), st.sampled_from("0123456789"), digits(1))
def test_business_numbers_are_judged_as_the_ministry_of_finance_says(six, seventh, last):
    value = six + seventh + last
    wanted = () if finance_agrees(value) else ("taiwan-business-checksum",)
    assert identifiers.warnings(GCIS, value) == wanted


@given(letters, st.sampled_from("1289"), digits(7))
def test_of_ten_last_digits_exactly_one_agrees(letter, second, rest):
    system = MOI if second in "12" else NIA
    agreeing = [
        last for last in "0123456789" if not identifiers.warnings(system, f"{letter}{second}{rest}{last}")
    ]
    assert len(agreeing) == 1


@given(st.integers(0, 9_999_999), st.sampled_from("mf"))
def test_invented_people_are_warned_of_by_their_check_digit_alone(serial, sex):
    assert identifiers.warnings(MOI, numbers.national_id("臺北市", sex, serial)) == ("taiwan-id-checksum",)
    resident = numbers.resident_number("臺北市", sex, serial, 0)
    assert identifiers.warnings(NIA, resident) == ("taiwan-resident-checksum",)


@given(st.text(max_size=30), st.sampled_from([*identifiers.systems()]))
def test_no_text_makes_a_check_fail_and_both_ways_agree(text, system):
    codes = tuple(finding.code for finding in identifiers.check(system, text))
    assert identifiers.warnings(system, text) == codes


def test_an_old_resident_number_may_be_used_until_the_last_day_of_2030():
    last, after = dt.date(2030, 12, 31), dt.date(2031, 1, 1)
    assert identifiers.check(NIA, "AA00000009", last) == []
    assert [found.code for found in identifiers.check(NIA, "AA00000009", after)] == [
        "taiwan-resident-expired"
    ]
    assert identifiers.check(NIA, "A800000014", after) == []


@pytest.mark.parametrize(
    ("value", "kind"),
    [("A123456789", "national-id"), ("A800000014", "resident-number"), ("AA00000009", "resident-number-old"),
     ("04595257", "business-number"), ("000000000001", "nhi-card"), ("0101090517", "institution"),
     ("X000370265", "drug"), ("?", None)],
)  # fmt: skip
def test_a_value_tells_its_kind(value, kind):
    found = identifiers.kinds_of(value)
    assert (kind in found) if kind else found == ()


def test_a_value_of_two_kinds_is_said_to_be_of_none():
    assert identifiers.kinds_of("AC37586100") == ("resident-number-old", "institution", "drug")
    assert identifiers.kind_of("AC37586100") is None
    assert identifiers.kind_of("A123456789") == "national-id"


def test_findings_speak_both_languages_and_repeat_no_value():
    (found,) = identifiers.check(MOI, "D123456789")
    assert "檢查碼" in found.text("zh-TW")
    assert "check digit" in found.text()
    assert all(
        "D123456789" not in say(lang) for say in (found.text, found.remedy) for lang in ("zh-TW", "en")
    )


def test_every_rule_has_its_words_and_every_system_its_kinds():
    codes = {rule.form for rule in identifiers._RULES.values()} | {
        r.checksum for r in identifiers._RULES.values()
    }
    assert codes - {""} <= catalogue().keys()
    assert identifiers._RULES.keys() == identifiers.kinds().keys()
    assert {kind for held in identifiers.systems().values() for kind in held} <= identifiers.kinds().keys()


def test_an_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(NotFound) as error:
        identifiers.check("http://example.org/x", "1")
    assert "national-id" in error.value.text()
    assert identifiers.warnings("http://example.org/x", "1") == ()


@pytest.mark.parametrize("name", ["tw.gov.mohw.twcore", "tw.iii.ltc"])
def test_every_system_that_a_profile_fixes_for_its_identifiers_is_known(name):
    fixed = {
        element["fixedUri" if "fixedUri" in element else "patternUri"]
        for definition in package(name).definitions("StructureDefinition")
        for element in definition["differential"]["element"]
        if element["path"].endswith("dentifier.system") and ("fixedUri" in element or "patternUri" in element)
    }
    assert len(fixed) >= 4
    assert fixed <= identifiers.systems().keys()


@pytest.mark.parametrize(
    ("name", "kind", "least"),
    [("nhi_facility", "institution", 36_420), ("nhi_drug", "drug", 45_036), ("nhi_fee", "fee", 5_820)],
)
def test_every_published_code_has_the_form_of_its_kind(name, kind, least):
    (path,) = (ROOT / "src/camphora/terminology").rglob(f"{name}.csv.gz")
    codes = [row["code"] for row in csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode()))]
    assert len(codes) >= least
    assert [code for code in codes if identifiers.check(kind, code)] == []
    if kind == "institution":
        assert all(identifiers.institution_kind(code) for code in codes)
