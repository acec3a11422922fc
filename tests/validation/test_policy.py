import pytest

from camphora.errors import CamphoraError, Faults, Invalid
from camphora.fhir.validation import Policy, Validator

TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/StructureDefinition/Patient-twcore"
PATIENT = {"resourceType": "Patient", "meta": {"profile": [TWCORE]}, "nope": 1}


def seen(guides, text, resource=PATIENT):
    found = Validator(guides, policy=Policy.read(text)).validate(resource)
    return {
        (one.severity, one.profile.partition("|")[0] == TWCORE)
        for one in found
        if one.code != "validation-advice"
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {("error", False), ("error", True)}),
        ('default = "warn"', {("error", False), ("warning", True)}),
        ('default = "off"', {("error", False)}),
        (f'[profiles]\n"{TWCORE}" = "warn"', {("error", False), ("warning", True)}),
        (f'[profiles]\n"{TWCORE}|0.3.2" = "off"', {("error", False)}),
        ('[rules]\nfhir-unknown-element = "warn"', {("warning", False), ("error", True)}),
        ('[rules]\nfhir-unknown-element = "off"\nfhir-missing = "off"', set()),
    ],
)
def test_a_site_refuses_warns_or_looks_away(guides, text, expected):
    assert seen(guides, text) == expected


@pytest.mark.parametrize(("mode", "severity"), [("refuse", "error"), ("warn", "warning"), ("off", None)])
def test_a_profile_that_nobody_knows(guides, mode, severity):
    resource = {"resourceType": "Patient", "meta": {"profile": ["urn:nobody"]}}
    found = Validator(guides, policy=Policy.read(f'unknown = "{mode}"')).validate(resource)
    said = [one.severity for one in found if one.code == "validation-profile-unknown"]
    assert said == ([severity] if severity else [])


def test_a_rule_that_is_off_is_not_even_asked(guides):
    validator = Validator(guides, policy=Policy.read('[rules]\ndom-6 = "off"'))
    plain = Validator(guides)
    assert validator.validate({"resourceType": "Patient", "active": True}) == []
    resource = {"resourceType": "Patient", "active": True}
    assert validator.report(resource).invariants < plain.report(resource).invariants


def test_everything_wrong_with_a_policy_is_said_at_once():
    text = 'default = "maybe"\nother = 1\nrules = 3\n[profiles]\n"urn:a" = "never"'
    with pytest.raises(Faults) as caught:
        Policy.read(text, "validation.toml")
    codes = sorted(fault.code for fault in caught.value.faults)
    expected = [
        "validation-policy-mode",
        "validation-policy-mode",
        "validation-policy-name",
        "validation-policy-table",
    ]
    assert codes == expected
    assert all(fault.place.file == "validation.toml" for fault in caught.value.faults)


def test_a_policy_that_is_no_toml():
    with pytest.raises(Invalid) as caught:
        Policy.read("default = ")
    assert caught.value.code == "validation-policy-toml"
    assert isinstance(caught.value, CamphoraError)
