"""How a snapshot is made, one rule at a time, on profiles of a few lines."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import Invalid
from camphora.fhir.packages import Guides, read
from camphora.fhir.snapshot import completed
from packages.archives import guide

CORE = "http://hl7.org/fhir/StructureDefinition/"
FIND = Guides.bundled().find


def profile(*rows, base="Observation", url="http://example.org/p", **said):
    """A profile by its rows: (id, rules); the path is told from the id."""
    elements = []
    for id_, rules in rows:
        steps = [step.partition(":") for step in id_.split(".")]
        slice_ = {"sliceName": steps[-1][2]} if steps[-1][2] else {}
        elements.append({"id": id_, "path": ".".join(s[0] for s in steps), **slice_, **rules})
    return {
        "resourceType": "StructureDefinition", "url": url, "type": base, "kind": "resource",
        "derivation": "constraint", "baseDefinition": CORE + base, "differential": {"element": elements}, **said,
    }  # fmt: skip


def made(definition, *others):
    known = {one["url"]: one for one in others}
    rows = completed(definition, lambda url: known.get(url) or FIND(url))["snapshot"]["element"]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: row for row in rows}


def fault(definition, *others):
    with pytest.raises(Invalid) as caught:
        made(definition, *others)
    assert caught.value.remedy("zh-TW")
    return caught.value


def unsourced(row):
    return row | {"constraint": [{**rule, "source": ""} for rule in row.get("constraint", [])]}


def test_a_differential_that_says_nothing_is_its_base():
    ours, base = made(profile()), FIND(CORE + "Observation")["snapshot"]["element"]
    assert [unsourced(row) for row in ours.values()] == [unsourced(row) for row in base]
    assert all("source" in rule for row in ours.values() for rule in row.get("constraint", []))


def test_rules_take_the_place_of_the_base_and_the_rest_stays():
    status = made(profile(("Observation.status", {"short": "狀態", "mustSupport": True})))[
        "Observation.status"
    ]
    assert (status["short"], status["mustSupport"], status["min"]) == ("狀態", True, 1)
    assert status["binding"]["strength"] == "required"
    assert status["isModifier"] is True


def test_constraints_are_added_with_their_source():
    rule = {"key": "x-1", "severity": "error", "human": "…", "expression": "true"}
    rules = made(profile(("Observation", {"constraint": [rule]})))["Observation"]["constraint"]
    assert {c["key"]: c["source"] for c in rules}["x-1"] == "http://example.org/p"
    assert {c["key"]: c["source"] for c in rules}["obs-7"] == CORE + "Observation"


def test_a_rule_inside_a_data_type_opens_it():
    rows = made(profile(("Observation.code.coding.system", {"min": 1})))
    assert rows["Observation.code.coding.system"]["min"] == 1
    assert rows["Observation.code.coding.system"]["base"]["path"] == "Coding.system"
    assert rows["Observation.code.text"]["type"] == [{"code": "string"}]
    assert "Observation.method.text" not in rows


def test_a_slice_begins_as_its_element_with_no_least_number():
    slicing = {"discriminator": [{"type": "value", "path": "code"}], "rules": "open"}
    rows = made(profile(
        ("Observation.category", {"slicing": slicing, "min": 1}), ("Observation.category:a", {"max": "1"}),
    ))  # fmt: skip
    assert rows["Observation.category"]["slicing"] == slicing
    assert (rows["Observation.category"]["min"], rows["Observation.category:a"]["min"]) == (1, 0)
    assert rows["Observation.category:a"]["binding"] == rows["Observation.category"]["binding"]
    assert "slicing" not in rows["Observation.category:a"]


def test_what_holds_inside_the_unsliced_element_holds_inside_its_new_slices():
    rows = made(
        profile(("Observation.component.code", {"mustSupport": True}), ("Observation.component:a", {}))
    )
    assert rows["Observation.component:a.code"]["mustSupport"] is True
    assert rows["Observation.component:a.code"]["path"] == "Observation.component.code"


def test_a_reslice_begins_as_the_slice_that_it_divides():
    rows = made(profile(
        ("Observation.category:a", {"max": "1", "short": "甲"}), ("Observation.category:a/b", {"mustSupport": True}),
    ))  # fmt: skip
    assert (rows["Observation.category:a/b"]["max"], rows["Observation.category:a/b"]["short"]) == ("1", "甲")
    assert list(rows).index("Observation.category:a/b") == list(rows).index("Observation.category:a") + 1


def test_a_slice_of_the_base_may_be_narrowed_further():
    first = profile(("Observation.category:a", {"max": "1"}))
    second = profile(("Observation.category:a", {"min": 1}), url="http://example.org/q")
    second["baseDefinition"] = first["url"]
    assert (made(second, first)["Observation.category:a"]["min"]) == 1
    assert (made(second, first)["Observation.category:a"]["max"]) == "1"


@pytest.mark.parametrize("id_", ["Observation.valueQuantity", "Observation.value[x]:valueQuantity"])
def test_a_choice_is_sliced_by_type(id_):
    rules = {} if id_.endswith("valueQuantity") and ":" not in id_ else {"type": [{"code": "Quantity"}]}
    rows = made(profile((id_, {"min": 1, **rules}), (f"{id_}.unit", {"min": 1})))
    part = rows["Observation.value[x]:valueQuantity"]
    assert (part["path"], part["sliceName"], part["min"]) == ("Observation.value[x]", "valueQuantity", 1)
    assert part["type"] == [{"code": "Quantity"}]
    assert rows["Observation.value[x]"]["type"] == [{"code": "Quantity"}]
    assert rows["Observation.value[x]"]["slicing"]["rules"] == "closed"
    assert rows["Observation.value[x]:valueQuantity.unit"]["min"] == 1


def test_several_types_of_a_choice_may_be_written_in_short():
    rows = made(
        profile(("Observation.valueQuantity", {"short": "量"}), ("Observation.valueString.extension", {}))
    )
    assert [t["code"] for t in rows["Observation.value[x]"]["type"]] == ["Quantity", "string"]
    assert rows["Observation.value[x]:valueQuantity"]["short"] == "量"
    assert rows["Observation.value[x]:valueString.extension"]["path"] == "Observation.value[x].extension"


def test_a_choice_in_short_beside_the_choice_itself_keeps_its_types():
    rows = made(profile(("Observation.value[x]", {"min": 1}), ("Observation.valueString", {"short": "字"})))
    assert len(rows["Observation.value[x]"]["type"]) == 11
    assert rows["Observation.value[x]"]["slicing"]["discriminator"] == [{"type": "type", "path": "$this"}]
    assert rows["Observation.value[x]:valueString"]["short"] == "字"


def test_what_a_profile_does_not_say_of_a_slicing_or_binding_stays():
    slicing = {"discriminator": [{"type": "value", "path": "code"}], "rules": "open"}
    first = profile(("Observation.category", {"slicing": slicing}), ("Observation.category:a", {}))
    rules = {"slicing": {"rules": "closed"}, "binding": {"strength": "required"}}
    second = profile(("Observation.category", rules), url="http://example.org/q", baseDefinition=first["url"])
    row = made(second, first)["Observation.category"]
    assert row["slicing"] == slicing | {"rules": "closed"}
    assert row["binding"]["valueSet"] == "http://hl7.org/fhir/ValueSet/observation-category"


def test_a_type_that_cannot_be_bound_loses_the_binding():
    rows = made(profile(("MedicationRequest.medication[x]", {"type": [{"code": "Reference"}]}),
                        base="MedicationRequest"))  # fmt: skip
    assert "binding" not in rows["MedicationRequest.medication[x]"]


def test_an_extension_brings_its_own_limits_and_words():
    url = CORE + "patient-birthPlace"
    row = made(profile(("Patient.extension:born", {"type": [{"code": "Extension", "profile": [url]}]}),
                       base="Patient"))  # fmt: skip
    assert row["Patient.extension:born"]["max"] == "1"
    assert row["Patient.extension"]["slicing"]["discriminator"] == [{"type": "value", "path": "url"}]
    assert row["Patient.extension"]["max"] == "*"


def test_a_profile_of_a_data_type_brings_its_rules_inside():
    age = {"code": "Quantity", "profile": [CORE + "SimpleQuantity"]}
    rows = made(profile(("Observation.component:a.value[x]", {"type": [age]}),
                        ("Observation.component:a.value[x].code", {"min": 1})))  # fmt: skip
    assert rows["Observation.component:a.value[x].comparator"]["max"] == "0"
    assert "sqty-1" in {c["key"] for c in rows["Observation.component:a.value[x]"]["constraint"]}


def test_what_an_element_repeats_is_opened_where_rules_go_inside():
    rows = made(profile(("Questionnaire.item.item.item.linkId", {"maxLength": 9}), base="Questionnaire"))
    assert rows["Questionnaire.item.item.item.linkId"]["maxLength"] == 9
    assert "maxLength" not in rows["Questionnaire.item.linkId"]
    assert rows["Questionnaire.item.item.type"]["path"] == "Questionnaire.item.item.type"


def test_a_prohibited_element_stays_with_its_limit():
    assert made(profile(("Observation.method", {"max": "0"})))["Observation.method"]["max"] == "0"


def test_rules_without_ids_are_placed_by_path_and_slice():
    rows = [(f"Observation.component:{name}{end}", {"short": name}) for name in "ab" for end in ("", ".code")]
    definition = profile(*rows)
    for row in definition["differential"]["element"]:
        del row["id"]
    found = made(definition)
    assert [found[f"Observation.component:{name}.code"]["short"] for name in "ab"] == ["a", "b"]


def test_a_base_without_snapshot_gets_one_on_the_way():
    first = profile(("Observation.method", {"min": 1}))
    second = profile(
        ("Observation.device", {"min": 1}), url="http://example.org/q", baseDefinition=first["url"]
    )
    rows = made(second, first)
    assert (rows["Observation.method"]["min"], rows["Observation.device"]["min"]) == (1, 1)


def test_a_logical_model_adds_elements():
    rows = made(profile(("M", {}), ("M.part", {"min": 0, "max": "*", "type": [{"code": "BackboneElement"}]}),
                        ("M.part.name", {"type": [{"code": "string"}]}), base="Base", derivation="specialization",
                        kind="logical", type="http://example.org/M"))  # fmt: skip
    assert list(rows) == [
        "M",
        "M.part",
        "M.part.id",
        "M.part.extension",
        "M.part.modifierExtension",
        "M.part.name",
    ]


def test_what_the_base_does_not_have_is_named():
    assert "Observation.colour" in fault(profile(("Observation.colour", {}))).text("en")
    assert fault(profile(("Observation.valueColour", {}))).code == "snapshot-no-element"
    missing = profile(baseDefinition="http://example.org/none")
    assert "http://example.org/none" in fault(missing).text("zh-TW")


def test_circles_are_named():
    one = profile(baseDefinition="http://example.org/q")
    two = profile(url="http://example.org/q", baseDefinition="http://example.org/p")
    assert fault(one, one, two).code == "snapshot-circle"
    self = {"code": "CodeableConcept", "profile": ["http://example.org/p"]}
    assert made(profile(("Observation.code", {"type": [self]}), ("Observation.code.text", {"min": 1})))


def test_a_long_row_of_bases_is_no_circle():
    urls = [*(f"http://example.org/p{n}" for n in range(43)), CORE + "Observation"]
    row = [profile(url=url, baseDefinition=base) for url, base in pairwise(urls)]
    assert len(made(row[2], *row)) > 40
    long = fault(row[0], *row)
    assert (long.code, long.facts) == ("snapshot-bases", {"most": 40})


def test_a_definition_that_would_grow_without_end_is_refused():
    deep = profile((".".join(["Questionnaire", *["item"] * 60]), {}), base="Questionnaire")
    assert fault(deep).code == "snapshot-large"
    slices = [(f"Bundle.entry:s{n}", {}) for n in range(9000)]
    assert fault(profile(*slices, base="Bundle")).code == "snapshot-large"


@pytest.mark.parametrize(
    "broken",
    [
        {"differential": {"element": [{"path": 1}]}}, {"differential": {"element": [{"min": 1}]}},
        {"differential": {"element": {"a": 1}}}, {"differential": []}, {"baseDefinition": None},
        {"differential": {"element": [{"path": "A"}, {"path": "B"}]}},
        {"differential": {"element": [{"path": "Observation.code", "type": "Coding"}]}},
        {"differential": {"element": [{"path": "Observation.code", "constraint": [{}]}]}},
    ],
)  # fmt: skip
def test_a_malformed_definition_is_told(broken):
    assert fault(profile() | broken).code in {"snapshot-malformed", "snapshot-no-base"}


NAMES = st.sampled_from(
    [
        "Observation",
        "code",
        "coding",
        "value[x]",
        "valueQuantity",
        "component",
        "extension",
        "id",
        "x",
        "item",
    ]
)
SLICES = st.sampled_from(["", "", "a", "a/b", "valueQuantity"])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.tuples(NAMES, SLICES), max_size=4), max_size=6))
def test_any_differential_gives_a_snapshot_of_unique_ids_or_a_told_fault(paths):
    ids = [".".join(["Observation", *(f"{n}:{s}" if s else n for n, s in path)]) for path in paths]
    try:
        found = made(profile(*((id_, {"mustSupport": True}) for id_ in ids)))
    except Invalid as error:
        found = error.text("en")
    assert found


def test_a_package_gets_its_snapshots_where_it_ships_none():
    whole = profile(("Observation.method", {"min": 1}), id="p", version="1", fhirVersion="4.0.1")
    lost = profile(
        url="http://example.org/lost", id="lost", version="1", baseDefinition="http://example.org/none"
    )
    guides = Guides.bundled().also([read(guide({"package/p.json": whole, "package/lost.json": lost}))])
    found = guides.find("http://example.org/p|1")
    assert {e["id"]: e for e in found["snapshot"]["element"]}["Observation.method"]["min"] == 1
    assert guides.find("http://example.org/p") is found
    assert "snapshot" not in guides.shipped("http://example.org/p")
    assert "snapshot" not in guides.find("http://example.org/lost")


def test_the_value_given_is_not_changed():
    definition = profile(("Observation.method", {"min": 1}))
    before = repr(definition), repr(FIND(CORE + "Observation"))
    made(definition)
    assert (repr(definition), repr(FIND(CORE + "Observation"))) == before
