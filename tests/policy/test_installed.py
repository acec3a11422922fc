"""An installation's own policy: what it may set, what is refused, and that all faults are told at once."""

import pytest

from camphora.errors import Faults, Invalid
from camphora.policy import Policy, decide
from camphora.policy.asking import Asked, Asker, Basis, Facts, Whom
from camphora.policy.installed import FILE, installed
from camphora.policy.vocabulary import Role

AT = 1_773_104_400_000
BASIS = """
[[basis]]
id = "cancer-registry"
title = { zh-TW = "癌症登記", en = "cancer registry" }
law = "癌症防治法第11條"
purposes = ["GOV"]
areas = ["67000"]
overrides = true
established = true
"""


def _read(tmp_path, text):
    (tmp_path / FILE).write_text(text, "utf-8")
    return installed(tmp_path)


def test_without_a_file_it_is_taiwans(tmp_path):
    assert installed(tmp_path) is Policy.taiwan()


@pytest.mark.parametrize(
    "text",
    [
        '[parameters]\n"ages.own_act" = 12',
        "[parameters]\nages.own_act = 12",
        "[parameters.ages]\nown_act = 12",
    ],
    ids=["one key", "dotted", "a section"],
)
def test_a_parameter_is_set_and_the_others_stay(tmp_path, text):
    policy = _read(tmp_path, text)
    assert policy["ages.own_act"] == 12
    assert policy["ages.majority"] == Policy.taiwan()["ages.majority"]
    assert policy.id != Policy.taiwan().id


def test_every_fault_is_told_at_once_with_its_line(tmp_path):
    text = """[parameters]
"ages.own_act" = "twelve"
"ages.owned" = 12
"consents.classes" = ["care", "surveillance"]
"purposes.under" = { FooBar = "HRESCH" }

[denials]

[[basis]]
id = "statutory-duty"
title = { zh-TW = "甲" }
law = "法"
purposes = ["RESEARCH"]
types = ["Diary"]
areas = ["臺南"]
established = true
"""
    with pytest.raises(Faults) as refused:
        _read(tmp_path, text)
    found = sorted((fault.code, fault.place.line) for fault in refused.value.faults)
    assert found == [
        ("policy-file", 10), ("policy-file", 11), ("policy-file", 13), ("policy-file", 14), ("policy-file", 15),
        ("policy-unknown", 3), ("policy-unknown", 7), ("policy-value", 2), ("policy-value", 4), ("policy-value", 5),
    ]  # fmt: skip
    assert {fault.place.file for fault in refused.value.faults} == {FILE}


def test_what_is_no_toml_is_refused_with_its_line(tmp_path):
    with pytest.raises(Invalid) as refused:
        _read(tmp_path, '[parameters]\n"ages.own_act" = ')
    assert refused.value.place.line == 2


@pytest.mark.parametrize(
    ("area", "code"), [("67000220", "legal-basis"), ("63000010", "stopped"), (None, "stopped")]
)
def test_a_basis_of_the_installation_reaches_the_townships_of_its_county(tmp_path, area, code):
    policy = _read(tmp_path, BASIS)
    stop = {
        "type": "deny",
        "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "GOV"}],
    }
    consent = {"id": "c", "status": "active", "patient": {"reference": "Patient/p"}, "provision": stop}
    reader = Asker("Practitioner/a", Role.OFFICER, organisation_kind="government")
    claim = Basis("cancer-registry", "依法登記", AT - 1, AT + 1, "Practitioner/b")
    decision = decide(
        Asked(reader, ("GOV",), "access", AT, claim), Whom("Patient/p", area=area, consents=(consent,)),
        Facts("Condition"), policy,
    )  # fmt: skip
    assert decision.reasons[-1].code == code
