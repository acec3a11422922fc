import hashlib
from importlib.resources import files

import pytest

from camphora.fhir import definitions
from camphora.fhir.paths import branches


@pytest.mark.parametrize(
    "name", ["r4", "hl7.fhir.r4.core", "tw.gov.mohw.twcore", "tw.iii.ltc", "tw.gov.mohw.nhi.pas"]
)
def test_bundled_files_match_the_digests_beside_them(name):
    folder = files(definitions.__name__)
    rows = [line.split() for line in folder.joinpath(f"{name}.sha256").read_text("utf-8").splitlines()]
    found = {file: hashlib.sha256(folder.joinpath(file).read_bytes()).hexdigest() for _, file in rows}
    assert rows
    assert found == {file: digest for digest, file in rows}


def test_r4_has_146_resource_types_and_20_primitives():
    kinds = [t.kind for t in definitions.types().values()]
    assert len(definitions.resource_types()) == 146
    assert kinds.count("primitive") == 20


def test_every_type_that_an_element_names_is_defined():
    known = definitions.types()
    named = {(e.path, code) for t in known.values() for e in t.elements for code in e.types}
    assert {pair for pair in named if pair[1] not in known} == set()


def test_every_repeated_content_is_defined():
    repeated = [e for t in definitions.types().values() for e in t.elements if e.same_as]
    assert len(repeated) > 30
    assert all(definitions.children(e.same_as) for e in repeated)


def test_an_element_says_what_the_specification_says():
    status = next(e for e in definitions.children("Observation") if e.name == "status")
    assert (status.min, status.max, status.types, status.modifier) == (1, "1", ("code",), True)
    codes = definitions.value_sets()[status.values]["http://hl7.org/fhir/observation-status"]
    assert set(codes) == {
        "registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown",
    }  # fmt: skip


def test_five_compartments_name_search_parameters_that_exist():
    for code in ("Patient", "Encounter", "Practitioner", "RelatedPerson", "Device"):
        for kind, names in definitions.compartment(code).items():
            known = definitions.search_parameters(kind).keys() | {"{def}"}
            assert known.issuperset(names), (code, kind)


def test_a_choice_has_one_property_per_type():
    value = next(e for e in definitions.children("Observation") if e.name == "value[x]")
    assert dict(value.properties)["valueQuantity"] == "Quantity"
    assert dict(value.properties)["valueDateTime"] == "dateTime"
    assert len(value.properties) == 11


def test_paths_of_other_shapes_are_named_not_guessed():
    read = branches("A.b.where(c='d').e | (A.f as Quantity) | A.g.where(resolve() is Patient) | A.h.exists()")
    assert [p.steps[-1].name for p in read.read] == ["e", "f", "g"]
    assert read.unread == ("A.h.exists()",)
