"""The value sets of one installation: beside the bundled ones and in their stead."""

import pytest

from camphora.errors import Faults, Invalid
from camphora.policy.labels import Rules, own
from consented import diagnosis

NHI = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/medication-nhi-tw"
HEAD = "label,system,code,mode,why\n"


def put(folder, name, text):
    file = folder / f"{name}.csv"
    file.write_text(text, "utf-8")
    home = folder / "home"
    home.mkdir(exist_ok=True)
    own.put(home, file)
    return home


def drug(code):
    coding = {"system": NHI, "code": code}
    return {"resourceType": "MedicationRequest", "medicationCodeableConcept": {"coding": [coding]}}


def labels(rules, resource):
    return {one.rule: one.label for one in rules.of(resource)}


def test_without_files_the_bundled_ones_hold(tmp_path):
    assert own.rules_in(tmp_path) is Rules.bundled()
    assert [each.name for each in own.sets_in(tmp_path)] == list(own.BUNDLED)


def test_a_set_of_another_name_is_added_by_the_address_of_any_code_system(tmp_path):
    home = put(tmp_path, "our_drugs", f"{HEAD}HIV,{NHI},bc27570100,is,x\nPSY ETH,{NHI},AC3,under,\n")
    rules = own.rules_in(home)
    assert labels(rules, drug("BC27570100")) == {f"our_drugs:{NHI}:BC27570100": "HIV"}
    assert set(labels(rules, drug("AC31234100")).values()) <= {"PSY", "ETH"}
    assert labels(rules, drug("ZZ")) == {}
    assert "HIV" in labels(rules, diagnosis("d", "ada", "B20")).values()


def test_a_set_of_a_bundled_name_replaces_it_and_its_removal_brings_it_back(tmp_path):
    home = put(tmp_path, "hiv", f"{HEAD}HIV,icd-10-cm,Z21,is,\n")
    assert "HIV" not in labels(own.rules_in(home), diagnosis("d", "ada", "B20")).values()
    own.remove(home, "hiv")
    assert own.rules_in(home) is Rules.bundled()
    with pytest.raises(Invalid, match="policy-labels-name"):
        own.remove(home, "hiv")


@pytest.mark.parametrize(("line", "column"), [
    ("NONSENSE,icd-10-cm,B20,is,", "label"), ("HIV,icd-9,B20,is,", "system"), ("HIV,icd-10-cm,,is,", "code"),
    ("HIV,icd-10-cm,B20,like,", "mode"),
])  # fmt: skip
def test_a_line_that_is_not_right_is_named(tmp_path, line, column):
    with pytest.raises(Faults) as caught:
        put(tmp_path, "mine", f"{HEAD}HIV,icd-10-cm,B20,is,\n{line}\n")
    (fault,) = caught.value.faults
    assert (fault.code, fault.facts["column"], fault.place.line) == ("policy-labels-line", column, 3)
    assert own.files_in(tmp_path / "home") == []


@pytest.mark.parametrize(("name", "text"), [("mine", "label,code\nHIV,B20\n"), ("Mine", HEAD), ("mine", "")])
def test_a_file_of_another_form_is_refused(tmp_path, name, text):
    with pytest.raises(Invalid, match=r"policy-labels-(file|name)"):
        put(tmp_path, name, text)
