"""What an error says of a path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.fhir.patch import fhirpath_patch, json_patch
from camphora.fhir.patch.paths import said


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("Patient.name[0].given.where($this = '王')", "Patient.name[0].given.where($this = '…')"),
        ("Patient.identifier.where(value = 123456789 kg)", "Patient.identifier.where(value = … …)"),
        ("Patient.where(birthDate < @1974-12-25T10:00+08:00)", "Patient.where(birthDate < …)"),
        (
            "Patient.name.where(family = 陳大文 or family = Chalmers)",
            "Patient.name.where(family = … or family = …)",
        ),
        ("Patient.name.where(A123456789)", "Patient.name.where(…)"),
        ("/name/0/_given/12", "/name/0/_given/12"),
        ("/identifier/A123456789", "/identifier/…"),
        ("/identifier/123456789", "/identifier/…"),
        ("/valueQuantity/-", "/valueQuantity/-"),
        ("f:Patient/f:name[1]/f:family/@value", "f:Patient/f:name[1]/f:family/@value"),
        ('f:Patient[f:id/@value="A1', "f:Patient[f:id/@value='…'"),
    ],
)
def test_only_words_of_the_standard_and_indexes_are_said(path, shown):
    assert said(path) == shown


AROUND = st.text(alphabet="Patient.name[]()='\"@ /0", max_size=30)


@given(AROUND, st.sampled_from(["A123456789", "123456789", "王大明"]), AROUND)
def test_no_value_is_said_wherever_it_stands(before, value, after):
    assert value not in said(before + value + after)


def test_no_operation_says_a_value_of_its_path():
    patient = {"resourceType": "Patient", "identifier": [{"value": "A123456789"}]}
    for path in ("Patient.identifier.where(value = 123456789 kg)", "Patient.identifier.where(value = A123456789).type",
                 "Patient.identifier.where(value = 123456789)"):  # fmt: skip
        parts = {"type": "replace", "path": path, "value": "x"}
        operation = {"name": "operation", "part": [{"name": n, "valueString": v} for n, v in parts.items()]}
        with pytest.raises(Invalid) as caught:
            fhirpath_patch(patient, {"resourceType": "Parameters", "parameter": [operation]})
        assert "123456789" not in f"{caught.value} {caught.value.text('zh-TW')} {caught.value.facts}"
    with pytest.raises(Invalid) as caught:
        json_patch(patient, [{"op": "remove", "path": "/A123456789"}])
    assert "A123456789" not in f"{caught.value} {caught.value.facts}"
