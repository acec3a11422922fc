"""Line lists: mappings proposed and checked, rows as cases, cases as FHIR. No fault repeats a patient's values."""

import csv
import datetime as dt
import io
from types import SimpleNamespace

import pytest

from camphora.errors import Faults
from camphora.fhir.structure import require
from camphora.formats.csv_rows import csv_rows
from camphora.formats.line_list import Cases, Ids, Mapping, proposed, resources
from camphora.formats.line_list.fields import diseases, fields
from camphora.policy.labels import NOTIFIABLE, Rules, mask_of
from camphora.synth.line_list import COLUMNS, line_list

TODAY = dt.date(2026, 11, 20)
LAST = dt.date(2026, 11, 14)
COLUMN = {
    "case_number": "通報單編號", "name": "姓名", "national_id": "身分證字號", "birth_date": "出生日期", "sex": "性別",
    "county": "居住縣市", "town": "居住鄉鎮市區", "village": "居住村里", "disease": "疾病名稱", "onset": "發病日",
    "notified": "通報日", "result": "檢驗結果", "status": "研判結果",
}  # fmt: skip


def _mapping(tmp_path, text=None):
    path = tmp_path / "m.toml"
    path.write_text(text or proposed(COLUMNS, "tainan"), "utf-8")
    return Mapping.load(path)


def _rows(rows, columns=COLUMNS):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns)
    writer.writeheader()
    writer.writerows(rows)
    return csv_rows(io.BytesIO(out.getvalue().encode()), name="list.csv")


def _some(**changed):
    """One row with other cells by field."""
    (row,) = line_list(seed=1, cases=1, last=LAST)
    return {**row, **{COLUMN[key]: cell for key, cell in changed.items()}}


def _found(rows, mapping):
    """All that becomes of the rows of a short list."""
    reading = Cases(mapping, TODAY)
    taken = list(reading.read(rows))
    return SimpleNamespace(
        cases=[one.case for one in taken if one.case],
        faults=[fault for one in taken for fault in one.faults],
        again=reading.again.first,
        near=reading.near.first,
    )


def _read(tmp_path, *rows):
    return _found(_rows(rows), _mapping(tmp_path))


IDS = Ids("tainan", lambda text: f"{abs(hash(text)):024x}"[:24])


def test_a_mapping_is_proposed_from_the_columns(tmp_path):
    mapping = _mapping(tmp_path)
    assert {key: mapping.columns[key] for key in COLUMN} == COLUMN
    assert mapping.passed == {"備註"}
    assert mapping.fits(COLUMNS)
    assert not mapping.fits([*COLUMNS, "職業"])
    assert not mapping.fits(COLUMNS[1:])


def test_names_of_columns_in_english_and_with_other_signs_are_known(tmp_path):
    mapping = _mapping(
        tmp_path, proposed(["Case ID", "Patient Name", "DOB", "Disease", "Onset date", "個案居住縣市別"], "x")
    )
    assert mapping.columns == {
        "case_number": "Case ID", "name": "Patient Name", "birth_date": "DOB", "disease": "Disease",
        "onset": "Onset date", "county": "個案居住縣市別",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ('name = "a"\n[columns]\n"x" = "colour"\n"y" = "disease"\n"z" = "name"\n', "line-list-field", 3),
        ('name = "a"\n[columns]\n"x" = "name"\n"y" = "name"\n"z" = "disease"\n', "line-list-field-twice", 4),
        ('name = "a"\n[columns]\n"x" = "name"\n', "line-list-no-disease", 2),
        ('name = "a"\ndisease = "A90"\n[columns]\n"x" = "onset"\n', "line-list-nobody", 3),
        (
            'name = "a"\n[columns]\n"x" = "name"\n"y" = "disease"\n[diseases]\n"DF" = "dengue"\n',
            "line-list-code",
            6,
        ),
        ('[columns]\n"x" = "name"\n"y" = "disease"\n', "formats-key-missing", 1),
    ],
)
def test_a_fault_of_a_mapping_has_its_line(tmp_path, text, code, line):
    with pytest.raises(Faults) as refused:
        _mapping(tmp_path, text)
    (fault,) = refused.value.faults
    assert (fault.code, fault.place.line) == (code, line)


def test_a_synthetic_list_is_read_without_a_fault(tmp_path):
    found = _read(tmp_path, *line_list(seed=1, cases=60, last=LAST))
    assert (found.faults, len(found.cases)) == ([], 60)
    case = found.cases[0]
    assert case.onset.startswith("2026-")
    assert case.county == "臺南市"
    assert case.disease.code in {one.code for one in diseases().values()}
    assert line_list(seed=1, cases=60, last=LAST) == line_list(seed=1, cases=60, last=LAST)


@pytest.mark.parametrize(
    ("changed", "code", "column"),
    [
        ({"onset": "115/13/01"}, "formats-date", "發病日"),
        ({"onset": "46282"}, "line-list-serial", "發病日"),
        ({"onset": "115/09/17 下午"}, "formats-date", "發病日"),
        ({"onset": "116/01/01"}, "formats-time-ahead", "發病日"),
        ({"notified": "100/01/01"}, "line-list-order", "通報日"),
        ({"birth_date": "115/11/19"}, "line-list-order", "發病日"),
        ({"sex": "雄"}, "line-list-word", "性別"),
        ({"county": "台南縣市"}, "line-list-county", "居住縣市"),
        ({"national_id": "A12345678"}, "line-list-number", "身分證字號"),
        ({"disease": "怪病"}, "line-list-disease", "疾病名稱"),
        ({"disease": ""}, "formats-cell-empty", "疾病名稱"),
        ({"status": "也許"}, "line-list-word", "研判結果"),
        ({"case_number": "", "national_id": "", "name": ""}, "line-list-row-nobody", None),
    ],
)
def test_a_row_with_a_fault_is_no_case_and_says_where_and_what_to_do(tmp_path, changed, code, column):
    found = _read(
        tmp_path,
        _some(),
        _some(case_number="D9", **changed) if "case_number" not in changed else _some(**changed),
    )
    faults = [fault for fault in found.faults if fault.code == code]
    assert len(faults) == 1
    assert (faults[0].place.file, faults[0].place.line, faults[0].place.column) == ("list.csv", 3, column)
    assert len(found.cases) == 1
    for lang in ("zh-TW", "en"):
        said = faults[0].text(lang) + faults[0].remedy(lang)
        assert faults[0].remedy(lang)
        assert not any(cell in said for cell in changed.values() if cell and len(cell) > 1)


@pytest.mark.parametrize(
    "text", ["2026-09-17 09:30:00", "2026-09-17T00:00", "2026/9/17 上午 09:30:00", "115/9/17 9:05", "1150917"]
)
def test_of_a_moment_the_day_is_taken(tmp_path, text):
    (case,) = _read(tmp_path, {**_some(onset=text, notified=""), "診斷日": ""}).cases
    assert case.onset == "2026-09-17"


def test_no_fault_repeats_what_a_row_says(tmp_path):
    rows = line_list(seed=2, cases=30, last=LAST)
    spoilt = [
        {**row, "出生日期": row["姓名"], "性別": row["身分證字號"], "居住縣市": row["聯絡電話"]}
        for row in rows
    ]
    found = _read(tmp_path, *spoilt)
    assert len(found.faults) >= 90
    said = "".join(
        fault.text(lang) + fault.remedy(lang) for fault in found.faults for lang in ("zh-TW", "en")
    )
    for row in rows:
        assert row["姓名"] not in said
        assert row["身分證字號"] not in said
        assert row["聯絡電話"] not in said


def test_the_same_row_twice_counts_once_and_another_under_its_number_is_a_fault(tmp_path):
    found = _read(tmp_path, _some(), _some(), _some(onset="115/10/01"))
    assert len(found.cases) == 1
    assert found.again == [(2, 3)]
    (fault,) = found.faults
    assert (fault.code, fault.place.line, fault.facts["first"]) == ("line-list-case-doubled", 4, 2)


def test_two_numbers_of_what_may_be_one_case_are_found(tmp_path):
    first = {"case_number": "D1", "onset": "115/10/01", "notified": "115/11/01", "disease": "登革熱"}
    rows = [
        _some(**first),
        _some(**{**first, "case_number": "D2", "onset": "115/10/10"}),
        _some(**{**first, "case_number": "D3", "onset": "115/08/01"}),
        _some(**{**first, "case_number": "D4", "disease": "屈公病"}),
    ]
    found = _read(tmp_path, *rows)
    assert found.near == [(2, 3)]
    assert len(found.cases) == 4


def test_words_of_a_list_for_diseases_are_in_its_mapping(tmp_path):
    text = proposed(COLUMNS, "tainan") + '"DF" = "A90"\n"怪病" = "A79.9"\n'
    mapping = _mapping(tmp_path, text)
    found = _found(_rows([_some(disease="ＤＦ"), _some(case_number="D2", disease="怪病")]), mapping)
    assert [case.disease.code for case in found.cases] == ["A90", "A79.9"]
    assert found.cases[0].disease.zh == "登革熱"


def test_a_list_of_one_disease_needs_no_column_of_it(tmp_path):
    columns = [column for column in COLUMNS if column != "疾病名稱"]
    text = proposed(columns, "tainan").replace('# disease = "A90"', 'disease = "A90"')
    row = {key: cell for key, cell in _some().items() if key in columns}
    found = _found(_rows([row], columns), _mapping(tmp_path, text))
    assert [case.disease.zh for case in found.cases] == ["登革熱"]


def test_a_case_is_fhir(tmp_path):
    (case,) = _read(tmp_path, _some(disease="登革熱", result="陽性", status="確定")).cases
    made = {one["resourceType"]: one for one in resources(case, IDS)}
    assert list(made) == ["Patient", "Encounter", "Observation", "Condition"]
    for one in made.values():
        require(one)
    patient, condition = made["Patient"], made["Condition"]
    assert patient["identifier"][0]["system"] == "http://www.moi.gov.tw"
    assert patient["address"][0]["district"] == "臺南市"
    assert condition["code"]["coding"][0]["code"] == "A90"
    assert condition["verificationStatus"]["coding"][0]["code"] == "confirmed"
    assert condition["subject"] == {"reference": f"Patient/{patient['id']}"}
    assert condition["onsetDateTime"] == case.onset
    assert made["Observation"]["valueCodeableConcept"]["coding"][0]["code"] == "POS"
    assert condition["evidence"][0]["detail"][0]["reference"] == f"Observation/{made['Observation']['id']}"
    assert case.national_id not in "".join(one["id"] for one in made.values())


def test_who_is_known_is_not_written_again(tmp_path):
    (case,) = _read(tmp_path, _some()).cases
    made = resources(case, IDS._replace(patient="ada"))
    assert "Patient" not in {one["resourceType"] for one in made}
    assert {one["subject"]["reference"] for one in made} == {"Patient/ada"}


def test_every_disease_of_the_list_is_notifiable(tmp_path):
    rules = Rules.bundled()
    for disease in diseases().values():
        condition = resources(_read(tmp_path, _some(disease=disease.zh)).cases[0], IDS)[-1]
        assert mask_of((), rules.of(condition)) & NOTIFIABLE, disease.code


def test_every_field_has_both_labels_and_names_of_its_own():
    names = [name for one in fields().values() for name in one.names]
    assert len(names) == len(set(names))
    assert all(one.label["zh-TW"] and one.label["en"] for one in fields().values())
