"""The policy as data: complete, explained, and refused with all its faults at once."""

from importlib.resources import files

import pytest

from camphora.errors import Faults
from camphora.fhir.definitions import resource_types
from camphora.policy import Policy, Role
from camphora.policy.admission import PURPOSES
from camphora.policy.codes import categories, class_of, codes_of, purposes
from camphora.policy.policy import DENIALS, PARAMETERS
from camphora.policy.vocabulary import Purpose

ROOM = files("camphora.policy")
TAIWAN, ROLES = (ROOM.joinpath(name).read_text("utf-8") for name in ("taiwan.toml", "roles.toml"))


def test_every_parameter_is_stated_and_explained_in_both_languages():
    parameters = Policy.taiwan().parameters
    assert parameters.keys() == PARAMETERS.keys()
    assert all(each.why["zh-TW"] and each.why["en"] for each in parameters.values())


def test_the_denials_stand_in_the_order_of_the_rules():
    assert Policy.taiwan().denials == DENIALS


def test_what_is_not_established_of_a_basis_is_said_and_the_person_is_told():
    open_ = [row for row in Policy.taiwan().bases.values() if not row.established]
    assert open_
    assert all(
        row.open_question["zh-TW"] and row.notify and row.organisations == {"government"} for row in open_
    )


def test_every_law_that_is_cited_has_an_english_name():
    policy = Policy.taiwan()
    cited = {*policy.sources.values(), *(row.law for row in policy.bases.values())}
    assert cited - policy.laws.keys() == set()


def test_all_faults_of_a_policy_are_told_at_once_each_with_its_place():
    broken = (
        TAIWAN.replace('code = "outside-ward"', 'code = "outside-town"')
        .replace("value = 18", 'value = "18"')
        .replace("overrides = true\nnotify = true", 'overrides = "yes"\nnotify = true', 1)
        .replace('purposes = ["HRESCH"]', 'purposes = ["RESEARCH"]')
    )  # fmt: skip
    roles = ROLES.replace("[supply]", "[supplier]").replace("operation = {}", "marketing = {}")
    with pytest.raises(Faults) as refused:
        Policy.read(broken, roles, "p.toml", "r.toml")
    places = {(fault.place.file, fault.place.path) for fault in refused.value.faults}
    assert places == {
        ("p.toml", "denial[8].code"), ("p.toml", "denial"), ("p.toml", "parameters.ages.majority.value"),
        ("p.toml", "basis[2].overrides"), ("p.toml", "basis[7].purposes"), ("r.toml", "supply"),
        ("r.toml", "supplier"), ("r.toml", "administrator.marketing"),
    }  # fmt: skip


def test_a_file_that_is_no_toml_is_named():
    with pytest.raises(Faults) as refused:
        Policy.read("id = ", ROLES, "p.toml", "r.toml")
    assert refused.value.faults[0].place.file == "p.toml"


def test_a_parameter_that_is_missing_is_a_fault():
    with pytest.raises(Faults) as refused:
        Policy.read(TAIWAN.replace('"ages.heirs"', '"ages.heir"'), ROLES)
    assert {fault.place.path for fault in refused.value.faults} >= {
        "parameters.ages.heirs", "parameters.ages.heir",
    }  # fmt: skip


CLASSES = {
    Purpose.SELF: "self", Purpose.CARE: "care", Purpose.SECONDARY: "secondary",
    Purpose.SURVEILLANCE: "surveillance", Purpose.OPERATION: "operation",
}  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
def test_who_is_admitted_for_a_purpose_has_its_class_in_the_policy(role):
    row = Policy.taiwan().roles[role]
    assert {CLASSES[each] for each in PURPOSES[role] - {Purpose.OPEN}} <= row.keys()


def test_no_purpose_has_several_parents_and_each_has_a_class():
    for code, line in purposes().items():
        assert line == (code, *purposes().get(line[1], line[1:]))
        assert class_of(line) is not None


def test_treatment_and_research_hold_what_the_code_system_puts_below_them():
    assert {"TREAT", "ETREAT", "BTG", "COC", "CAREMGT"} <= codes_of("care")
    assert {"HRESCH", "CLINTRCH", "CLINTRL", "POPHLTH", "GOV"} <= codes_of("secondary")
    assert {"HPAYMT", "ELIGVER"} <= codes_of("claims")


def test_only_record_types_of_r4_have_a_category():
    assert categories().keys() <= resource_types()
