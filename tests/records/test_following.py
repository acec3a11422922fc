"""Labels follow references: whoever points to a labelled record by what it says bears the label too."""

import itertools

import orjson
import pytest

from builders import NOW, clinician, observation
from camphora.errors import NotFound
from camphora.fhir.search import parse_query
from camphora.policy import choices
from camphora.policy.labels import labels_in
from camphora.policy.labels.pointing import targets_in, targets_of
from camphora.policy.vocabulary import ACT_CODE
from camphora.records import Delete, Put, SQLiteStore
from consented import LOAD, diagnosis

ADA = {"reference": "Patient/ada"}
ATC = "http://www.whocc.no/atc"


def pointing(kind, name, **said):
    return {"resourceType": kind, "id": name, "subject": ADA, **said}


def visit(name, *conditions, **said):
    found = [{"condition": {"reference": f"Condition/{one}", "display": "HIV"}} for one in conditions]
    said |= {"diagnosis": found} if found else {}
    return pointing("Encounter", name, status="finished", **{"class": {"code": "AMB"}}, **said)


def listing(name, *records):
    items = [{"item": {"reference": one}} for one in records]
    return pointing("List", name, status="current", mode="working", entry=items)


HIV, OPEN = diagnosis("hiv", "ada", "B20"), diagnosis("hiv", "ada", "I10")


@pytest.fixture
def ada(store):
    store.write(LOAD, [Put({"resourceType": "Patient", "id": "ada"})])
    return store


def write(store, *resources):
    store.write(LOAD, [Put(one) for one in resources])


def labels(store, name):
    kind, _, record = name.partition("/")
    sql = "SELECT r.labels FROM record r JOIN type t ON t.no = r.type WHERE t.name = ? AND r.id = ?"
    return labels_in(next(store._connections.reader().execute(sql, (kind, record)))[0])


STATED = {
    "Encounter": visit("x", "t"),
    "DiagnosticReport": pointing(
        "DiagnosticReport",
        "x",
        status="final",
        code={"text": "檢驗"},
        result=[{"reference": "Condition/t"}],
    ),
    "MedicationRequest": pointing(
        "MedicationRequest",
        "x",
        status="active",
        intent="order",
        medicationCodeableConcept={"text": "藥"},
        reasonReference=[{"reference": "Condition/t"}],
    ),
    "CarePlan": pointing(
        "CarePlan", "x", status="active", intent="plan", addresses=[{"reference": "Condition/t"}]
    ),
    "Goal": pointing(
        "Goal",
        "x",
        lifecycleStatus="active",
        description={"text": "目標"},
        addresses=[{"reference": "Condition/t"}],
    ),
    "List": listing("x", "Condition/t"),
    "Extension": pointing(
        "Basic",
        "x",
        code={"text": "x"},
        extension=[{"url": "urn:x", "valueReference": {"reference": "Condition/t"}}],
    ),
    "Version": listing("x", "Condition/t/_history/3"),
    "Nested": pointing(
        "Composition",
        "x",
        status="final",
        type={"text": "病摘"},
        date="2026-01-01",
        author=[ADA],
        title="病摘",
        section=[{"section": [{"entry": [{"reference": "Condition/t"}]}]}],
    ),
}


@pytest.mark.parametrize("said", STATED.values(), ids=STATED)
def test_a_reference_that_states_is_followed(said):
    assert targets_in(said) == ("Condition/t",)


@pytest.mark.parametrize("said", [
    {"encounter": {"reference": "Encounter/e"}}, {"context": {"reference": "EpisodeOfCare/e"}},
    {"subject": {"reference": "Patient/p"}}, {"performer": [{"reference": "Practitioner/p"}]},
    {"specimen": {"reference": "Specimen/s"}}, {"item": [{"encounter": [{"reference": "Encounter/e"}]}]},
    {"reasonReference": [{"reference": "https://elsewhere.tw/fhir/Condition/c"}]},
    {"reasonReference": [{"reference": "#c"}]}, {"meta": {"extension": [{"reference": "Condition/c"}]}},
    {"replaces": {"reference": "Observation/o"}}, {"device": {"reference": "Device/d", "display": "x"}},
    {"encounter": {"reference": "Encounter/e", "type": "Encounter", "identifier": {"value": "7"}}},
])  # fmt: skip
def test_a_reference_to_whom_and_where_is_not_followed(said):
    assert targets_in({"resourceType": "Observation", "id": "o", **said}) == ()


@pytest.mark.parametrize("said", [
    {"encounter": {"reference": "Encounter/t", "display": "愛滋門診"}},
    {"encounter": {"reference": "Encounter/t", "_display": {"extension": [{"url": "urn:x", "valueString": "愛滋"}]}}},
    {"context": {"encounter": [{"reference": "Encounter/t", "display": "愛滋門診"}]}},
    {"partOf": {"reference": "Encounter/t", "display": "愛滋門診"}},
    {"episodeOfCare": [{"reference": "Encounter/t", "display": "愛滋門診"}]},
])  # fmt: skip
def test_a_visit_that_is_told_in_words_is_followed(said):
    found = {"resourceType": "Observation", "id": "o", **said}
    assert targets_in(found) == ("Encounter/t",)
    assert [targets_of(name, value, orjson.dumps(value)) for name, value in said.items()] == [
        ("Encounter/t",)
    ]


def test_what_is_said_of_a_visit_in_words_is_closed_with_it_and_what_was_done_at_it_is_not(ada):
    done = {name: observation(name, "ada", "8480-6", "2026-01-01") for name in ("plain", "told", "drawn")}
    done["plain"]["encounter"] = {"reference": "Encounter/e"}
    done["told"]["encounter"] = {"reference": "Encounter/e", "display": "愛滋門診"}
    done["drawn"]["specimen"] = {"reference": "Specimen/s", "display": "愛滋檢體"}
    blood = pointing("Specimen", "s", type=HIV["code"])
    write(ada, *done.values(), visit("e", "hiv"), HIV, blood)
    assert {name: labels(ada, f"Observation/{name}") for name in done} == {
        "plain": set(),
        "told": {"HIV"},
        "drawn": {"HIV"},
    }


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_writing_does_not_matter(ada, order, together):
    all_of = [HIV, visit("e", "hiv"), listing("l", "Encounter/e")]
    chosen = [all_of[number] for number in order]
    for group in [chosen] if together else [[one] for one in chosen]:
        write(ada, *group)
    assert [labels(ada, name) for name in ("Encounter/e", "List/l")] == [{"HIV"}, {"HIV"}]
    assert ada.rules_of(clinician(), "Encounter", "e") == [("HIV", "points:Condition/hiv")]
    assert ada.rules_of(clinician(), "List", "l") == [("HIV", "points:Encounter/e")]


def test_a_closed_record_hides_who_points_to_it_and_no_search_finds_it(ada):
    write(ada, HIV, visit("e", "hiv"), visit("open"), choices.close_part("ada", "HIV", NOW))
    with pytest.raises(NotFound):
        ada.read(clinician(), "Encounter", "e")
    for asked in [
        [("diagnosis", "Condition/hiv")],
        [("diagnosis.code", "B20")],
        [("diagnosis:missing", "false")],
    ]:
        assert ada.search(clinician(), parse_query("Encounter", asked, strict=True)).rows == []
    assert [row.id for row in ada.search(clinician(), parse_query("Encounter", [], strict=True)).rows] == [
        "open"
    ]


def test_a_label_that_goes_goes_with_it_and_comes_back(ada):
    write(ada, HIV, visit("e", "hiv"), listing("l", "Encounter/e"))
    for code, wanted in ((OPEN, set()), (HIV, {"HIV"}), (diagnosis("hiv", "ada", "F32.9"), {"PSY"})):
        write(ada, code)
        assert [labels(ada, name) for name in ("Encounter/e", "List/l")] == [wanted, wanted]


def test_a_reference_that_is_taken_out_takes_its_label_with_it_but_not_from_the_version_before(ada):
    write(ada, HIV, visit("e", "hiv"), listing("l", "Encounter/e"))
    write(ada, visit("e"))
    assert labels(ada, "Encounter/e") == labels(ada, "List/l") == set()
    write(ada, choices.close_part("ada", "HIV", NOW))
    assert ada.read(clinician(), "Encounter", "e").version == 2
    with pytest.raises(NotFound):
        ada.read(clinician(), "Encounter", "e", version=1)


def test_a_version_of_before_is_labelled_when_its_target_is(ada):
    write(ada, OPEN, visit("e", "hiv"))
    write(ada, visit("e"))
    write(ada, HIV, choices.close_part("ada", "HIV", NOW))
    assert ada.read(clinician(), "Encounter", "e").version == 2
    with pytest.raises(NotFound):
        ada.read(clinician(), "Encounter", "e", version=1)


def test_two_versions_in_one_transaction_are_both_labelled(ada):
    write(ada, HIV, choices.close_part("ada", "HIV", NOW))
    write(ada, visit("e", "hiv"), visit("e"))
    assert ada.read(clinician(), "Encounter", "e").version == 2
    with pytest.raises(NotFound):
        ada.read(clinician(), "Encounter", "e", version=1)


def test_a_circle_holds_no_label_by_itself(ada):
    write(ada, HIV, listing("a", "List/b", "Condition/hiv"), listing("b", "List/a"))
    assert labels(ada, "List/a") == labels(ada, "List/b") == {"HIV"}
    write(ada, OPEN)
    assert labels(ada, "List/a") == labels(ada, "List/b") == set()
    write(ada, HIV)
    write(ada, listing("a", "List/b"))
    assert labels(ada, "List/a") == labels(ada, "List/b") == set()


def test_what_two_records_give_stays_while_one_gives_it(ada):
    write(ada, HIV, diagnosis("two", "ada", "B20"), visit("e", "hiv", "two"))
    write(ada, OPEN)
    assert ada.rules_of(clinician(), "Encounter", "e") == [("HIV", "points:Condition/two")]


def test_a_deleted_record_gives_its_label_still_and_who_is_deleted_keeps_it(ada):
    write(ada, HIV, visit("e", "hiv"), visit("gone", "hiv"))
    ada.write(LOAD, [Delete("Condition", "hiv"), Delete("Encounter", "gone")])
    write(ada, visit("late", "hiv"))
    assert [labels(ada, f"Encounter/{one}") for one in ("e", "gone", "late")] == [{"HIV"}] * 3
    write(ada, OPEN)
    assert [labels(ada, f"Encounter/{one}") for one in ("e", "gone", "late")] == [set(), {"HIV"}, set()]


def test_one_deleted_in_the_transaction_that_wrote_it_is_labelled(ada):
    write(ada, HIV)
    ada.write(LOAD, [Put(visit("e", "hiv")), Delete("Encounter", "e")])
    assert labels(ada, "Encounter/e") == {"HIV"}


def test_a_medicine_by_reference_labels_what_is_prescribed(ada):
    medicine = {
        "resourceType": "Medication",
        "id": "m",
        "code": {"coding": [{"system": ATC, "code": "J05AF01"}]},
    }
    request = pointing("MedicationRequest", "r", status="active", intent="order",
                       medicationReference={"reference": "Medication/m"})  # fmt: skip
    write(ada, request)
    write(ada, medicine)
    assert labels(ada, "MedicationRequest/r") == {"HIV"}
    inside = {key: value for key, value in medicine.items() if key != "meta"}
    write(ada, {**request, "id": "c", "contained": [inside], "medicationReference": {"reference": "#m"}})
    assert labels(ada, "MedicationRequest/c") == {"HIV"}


def test_a_label_of_ones_own_follows_and_what_is_usual_or_a_test_does_not(ada):
    def marked(name, system, code):
        return {
            **observation(name, "ada", "718-7", "2026-01-01"),
            "meta": {"security": [{"system": system, "code": code}]},
        }

    conf = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    write(
        ada,
        marked("psy", ACT_CODE, "PSY"),
        marked("n", conf, "N"),
        marked("v", conf, "V"),
        marked("test", "http://terminology.hl7.org/CodeSystem/v3-ActReason", "HTEST"),
    )
    for name in ("psy", "n", "v", "test"):
        write(ada, listing(f"l-{name}", f"Observation/{name}"))
    told = {
        name: [one.label for one in ada.rules_of(clinician(), "List", f"l-{name}")]
        for name in ("psy", "n", "v", "test")
    }
    assert told == {"psy": ["PSY"], "n": [], "v": ["V"], "test": []}


def test_a_finer_label_follows_whole(ada):
    """A Consent that names OPIOIDUD, whose bit is ETH's, denies who points to such a record."""
    treat = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}
    denial = {"type": "deny", "purpose": [treat], "securityLabel": [{"system": ACT_CODE, "code": "OPIOIDUD"}],
              "dataPeriod": {"start": "1900-01-01", "end": "2100-01-01"}}  # fmt: skip
    write(
        ada,
        diagnosis("opioid", "ada", "F11.20"),
        diagnosis("alcohol", "ada", "F10.20"),
        visit("e-opioid", "opioid", period={"start": "2026-01-01"}),
        visit("e-alcohol", "alcohol", period={"start": "2026-01-01"}),
        {**choices.close_part("ada", "ETH", NOW), "provision": denial},
    )
    found = ada.search(clinician(), parse_query("Encounter", [], strict=True)).rows
    assert [row.id for row in found] == ["e-alcohol"]


def test_a_label_that_has_no_bit_of_its_own_follows_by_its_code_also_when_it_changes(ada):
    """A Consent that names V or OPIOIDUD is asked of the labels in full; what was remembered of the same version and
    the same bits is forgotten."""
    treat = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}
    conf = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    named = [{"system": conf, "code": "V"}, {"system": ACT_CODE, "code": "OPIOIDUD"}]
    denial = {"type": "deny", "purpose": [treat], "securityLabel": named,
              "dataPeriod": {"start": "1900-01-01", "end": "2100-01-01"}}  # fmt: skip
    day = {"date": "2026-01-01"}
    write(
        ada,
        {**diagnosis("a", "ada", "I10"), "meta": {"security": [{"system": conf, "code": "R"}]}},
        diagnosis("b", "ada", "F10.20"),
        {**listing("l-a", "Condition/a"), **day},
        {**listing("l-b", "Condition/b"), **day},
        {**choices.close_part("ada", "ETH", NOW), "provision": denial},
    )

    def seen():
        return [row.id for row in ada.search(clinician(), parse_query("List", [], strict=True)).rows]

    assert seen() == seen() == ["l-a", "l-b"]
    write(ada, {**diagnosis("a", "ada", "I10"), "meta": {"security": [{"system": conf, "code": "V"}]}})
    assert seen() == ["l-b"]
    write(ada, diagnosis("b", "ada", "F11.20"))
    assert seen() == []


def test_the_mark_of_a_notifiable_disease_does_not_follow(ada):
    write(ada, diagnosis("tb", "ada", "A15.0"), visit("e", "tb"))
    assert ada.rules_of(clinician(), "Encounter", "e") == []


def test_a_visit_labels_not_what_was_done_at_it(ada):
    write(
        ada,
        HIV,
        visit("e", "hiv"),
        {**observation("o", "ada", "8480-6", "2026-01-01"), "encounter": {"reference": "Encounter/e"}},
    )
    assert labels(ada, "Observation/o") == set()


def test_a_store_of_before_is_filled_by_labelling_anew(tmp_path):
    store = SQLiteStore(tmp_path)
    write(
        store, {"resourceType": "Patient", "id": "ada"}, listing("l", "Encounter/e"), visit("e", "hiv"), HIV
    )
    write(store, visit("e"))
    write(store, visit("e", "hiv"))
    forget = (
        "UPDATE record SET labels = 0; UPDATE superseded SET labels = 0; DELETE FROM labelled;"
        " DELETE FROM pointing; UPDATE labelling SET digest = 'old'"
    )
    store._keeper.submit(lambda c: c.execute(forget) and None).result()
    store.close()
    store = SQLiteStore(tmp_path)
    while store.labelling() is not None:
        store.settle()
    assert labels(store, "Encounter/e") == labels(store, "List/l") == {"HIV"}
    kept = store._connections.reader().execute(
        "SELECT version, labels & 1023 > 0 FROM superseded ORDER BY version"
    )
    assert dict(kept) == {1: 1, 2: 0}
    write(store, OPEN)
    assert labels(store, "Encounter/e") == labels(store, "List/l") == set()
    store.close()


@pytest.mark.parametrize("said", STATED.values(), ids=STATED)
def test_the_bytes_say_what_the_value_says(said):
    """Whether they are looked at or walked over."""
    for name, value in said.items():
        for raw in (orjson.dumps(value), orjson.dumps(value, option=orjson.OPT_INDENT_2)):
            assert targets_of(name, value, raw) == targets_of(name, value)
