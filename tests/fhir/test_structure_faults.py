import copy
import threading

import pytest

from camphora.errors import Faults, catalogue
from camphora.fhir import structure
from camphora.fhir.structure import check, require


def at(resource, way, value):
    """A copy with `value` at the way of names and indexes; no value where it is `...`."""
    changed = copy.deepcopy(resource)
    node = changed
    for part in way[:-1]:
        node = node[part]
    if value is ...:
        del node[way[-1]]
    else:
        node[way[-1]] = value
    return changed


PATIENT = [
    (["nmae"], "x", "Patient.nmae", "fhir-unknown-element"),
    (["contact", 0, "name", "first"], "x", "Patient.contact[0].name.first", "fhir-unknown-element"),
    (["_name"], [{"id": "x"}], "Patient._name", "fhir-unknown-element"),
    (["active"], "true", "Patient.active", "fhir-type"),
    (["birthDate"], 1970, "Patient.birthDate", "fhir-type"),
    (["birthDate"], "59/03/01", "Patient.birthDate", "fhir-format"),
    (["birthDate"], "1970-02-30", "Patient.birthDate", "fhir-format"),
    (["birthDate"], "1970-13", "Patient.birthDate", "fhir-format"),
    (["birthDate"], "1900-02-29", "Patient.birthDate", "fhir-format"),
    (["birthDate"], "", "Patient.birthDate", "fhir-empty"),
    (["birthDate"], None, "Patient.birthDate", "fhir-null"),
    (["birthDate"], ["1970"], "Patient.birthDate", "fhir-too-many"),
    (
        ["_birthDate"],
        {"extension": [{"valueCode": "x"}]},
        "Patient.birthDate.extension[0].url",
        "fhir-missing",
    ),
    (["_birthDate"], {}, "Patient.birthDate", "fhir-empty"),
    (["gender"], "M", "Patient.gender", "fhir-code"),
    (["id"], "臺北 1", "Patient.id", "fhir-format"),
    (["id"], "x" * 65, "Patient.id", "fhir-format"),
    (["name"], {"family": "x"}, "Patient.name", "fhir-not-array"),
    (["name"], [], "Patient.name", "fhir-empty"),
    (["name", 0], {}, "Patient.name[0]", "fhir-empty"),
    (["name", 0], None, "Patient.name[0]", "fhir-null"),
    (["name", 0], "王", "Patient.name[0]", "fhir-type"),
    (["contact", 0, "name", "given", 1], 2, "Patient.contact[0].name.given[1]", "fhir-type"),
    (["contact", 0, "name", "given", 1], None, "Patient.contact[0].name.given[1]", "fhir-null"),
    (["contact", 0, "name", "_given"], [None], "Patient.contact[0].name.given", "fhir-pair"),
    (["contact", 0, "telecom", 0, "rank"], 0, "Patient.contact[0].telecom[0].rank", "fhir-format"),
    (["contact", 0, "telecom", 0, "rank"], 1.5, "Patient.contact[0].telecom[0].rank", "fhir-format"),
    (["contact", 0, "telecom", 0, "rank"], True, "Patient.contact[0].telecom[0].rank", "fhir-type"),
    (["deceasedDateTime"], "2024", "Patient.deceased", "fhir-choice"),
    (["text"], {"status": "generated"}, "Patient.text.div", "fhir-missing"),
    (["text"], {"status": "generated", "div": "x"}, "Patient.text.div", "fhir-format"),
    (["contained"], [{"id": "x"}], "Patient.contained[0]", "fhir-no-resource-type"),
    (["contained"], [{"resourceType": "Foo"}], "Patient.contained[0]", "fhir-resource-type"),
    (["contained"], [{"resourceType": "Basic"}], "Patient.contained[0].code", "fhir-missing"),
    (["name", 0], {"text": "a\x00b"}, "Patient.name[0].text", "fhir-character"),
    (["name", 0], {"text": "a\x0bb"}, "Patient.name[0].text", "fhir-character"),
    (["name", 0], {"text": "a\uffff"}, "Patient.name[0].text", "fhir-character"),
    (["implicitRules"], "http://a/\x00", "Patient.implicitRules", "fhir-character"),
    (["language"], "zh\x01", "Patient.language", "fhir-character"),
    (["photo"], [{"data": "AAAA\x1c"}], "Patient.photo[0].data", "fhir-character"),
    (
        ["text"],
        {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">\x02</div>'},
        "Patient.text.div",
        "fhir-character",
    ),
    (["link"], [{"type": "refer"}], "Patient.link[0].other", "fhir-missing"),
]
OBSERVATION = [
    (["status"], ..., "Observation.status", "fhir-missing"),
    (["code"], ..., "Observation.code", "fhir-missing"),
    (["code"], [{"text": "x"}], "Observation.code", "fhir-too-many"),
    (["valueString"], "x", "Observation.value", "fhir-choice"),
    (["_valueString"], {"id": "x"}, "Observation.value", "fhir-choice"),
    (["value"], 1, "Observation.value", "fhir-unknown-element"),
    (["valueMoney"], {"value": 1}, "Observation.valueMoney", "fhir-unknown-element"),
    (["valueQuantity", "value"], "6.5", "Observation.value.value", "fhir-type"),
    (["effectiveDateTime"], "2024-03-01T08:30:00", "Observation.effective", "fhir-format"),
    (["effectiveDateTime"], "2024-03-01 08:30", "Observation.effective", "fhir-format"),
    (["effectiveDateTime"], "2024-02-30T08:30:00Z", "Observation.effective", "fhir-format"),
    (["issued"], "2024-03-01", "Observation.issued", "fhir-format"),
    (["component"], [{"valueInteger": 2**31}], "Observation.component[0].value", "fhir-format"),
]


@pytest.mark.parametrize(("way", "value", "path", "code"), PATIENT)
def test_each_break_of_a_patient_is_the_fault_found(patient, way, value, path, code):
    assert check(patient) == []
    assert [(f.place.path, f.code) for f in check(at(patient, way, value))] == [(path, code)]


@pytest.mark.parametrize(("way", "value", "path", "code"), OBSERVATION)
def test_each_break_of_an_observation_is_found_where_it_lies(observation, way, value, path, code):
    assert check(observation) == []
    assert (path, code) in [(f.place.path, f.code) for f in check(at(observation, way, value))]


def test_all_faults_are_reported_together(patient):
    patient |= {"gender": "M", "birthDate": "x", "foo": 1}
    with pytest.raises(Faults) as caught:
        require(patient)
    assert {f.place.path for f in caught.value.faults} == {
        "Patient.gender",
        "Patient.birthDate",
        "Patient.foo",
    }


def test_no_fault_holds_a_value(patient):
    patient |= {
        "gender": "SECRET",
        "birthDate": "SECRET",
        "id": "SECRET 1",
        "王SECRET": 1,
        "active": "SECRET",
    }
    said = " ".join(f"{f} {f.text('zh-TW')} {f.remedy('zh-TW')} {f.facts}" for f in check(patient))
    assert said.count("fhir-") == 5
    assert "SECRET" not in said


def test_nulls_align_values_with_their_extensions(patient):
    part = {"extension": [{"url": "http://example.org/e", "valueString": "x"}]}
    patient["name"] = [{"given": ["大明", None], "_given": [None, part]}]
    assert check(patient) == []
    patient["name"][0]["_given"] = [part, None]
    assert [(f.place.path, f.code) for f in check(patient)] == [("Patient.name[0].given[1]", "fhir-null")]


def test_a_required_primitive_may_have_only_an_extension(observation):
    absent = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    del observation["status"]
    observation["_status"] = {"extension": [absent]}
    assert check(observation) == []


def test_contained_resources_do_not_nest(patient):
    inner = {"resourceType": "Organization", "name": "x", "contained": [{"resourceType": "Patient"}]}
    faults = check(patient | {"contained": [inner]})
    assert [(f.place.path, f.code) for f in faults] == [
        ("Patient.contained[0].contained", "fhir-nested-contained")
    ]


def test_resources_in_a_bundle_are_checked_in_place(patient):
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"resource": at(patient, ["gender"], "M")}],
    }
    assert [f.place.path for f in check(bundle)] == ["Bundle.entry[0].resource.gender"]


@pytest.mark.parametrize(
    ("value", "code"),
    [([], "fhir-type"), (None, "fhir-null"), ({}, "fhir-no-resource-type"), ({"resourceType": 5}, "fhir-resource-type"),
     ({"resourceType": "DomainResource"}, "fhir-resource-type"), ({"resourceType": "HumanName"}, "fhir-resource-type")],
)  # fmt: skip
def test_what_is_no_resource_is_refused(patient, value, code):
    assert check(patient) == []
    assert [f.code for f in check(value)] == [code]


def test_a_fault_deep_down_is_found_once_for_each_place():
    """Were each level checked again for a fault below it, this would take 2 to the 27th checks."""
    item = {"linkId": "x", "type": "group", "required": "yes"}
    for _ in range(27):
        item = {"linkId": "x", "type": "group", "item": [item]}
    faults = check({"resourceType": "Questionnaire", "status": "draft", "item": [item]})
    assert [f.place.path for f in faults] == ["Questionnaire" + ".item[0]" * 28 + ".required"]


def test_a_hundred_thousand_faults_are_told():
    faults = check({"resourceType": "Patient"} | {f"x{number}": 1 for number in range(100_000)})
    assert len(faults) == 100_000


def test_full_width_space_and_chinese_text_are_text(patient):
    patient["name"] = [{"text": "王\u3000大明", "family": "𠀋"}]
    assert check(patient) == []


def test_every_fault_has_its_sentence(patient, observation):
    broken = [check(at(patient, way, value)) for way, value, *_ in PATIENT]
    broken += [check(at(observation, way, value)) for way, value, *_ in OBSERVATION]
    for fault in (fault for faults in broken for fault in faults):
        assert fault.code in catalogue()
        assert "{" not in fault.text("zh-TW") + fault.remedy("zh-TW") + fault.text("en") + fault.remedy("en")


def test_first_use_from_many_threads_gives_no_false_fault(patient):
    structure._compiler.cache_clear()
    structure._compiled.cache_clear()
    found, ready = [], threading.Barrier(8)

    def run():
        ready.wait()
        found.append(check(patient))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[]] * 8


@pytest.mark.parametrize("text", ["a\tb\r\n王", "\u3000王\u00a0", "\x7f\x85", "\U0002000b\U0001fffe"])
def test_white_space_and_what_xml_can_hold_is_right(text):
    assert check({"resourceType": "Patient", "name": [{"text": text}]}) == []


def test_the_character_is_named_and_not_the_text():
    fault = check({"resourceType": "Patient", "name": [{"text": "陳\x00"}]})[0]
    assert fault.facts == {"character": "U+0000"}
    assert "U+0000" in fault.text("en")
    assert "陳" not in str(fault)
