"""What the suite does not ask: R4's forms, sentences in Chinese, languages, supplements, maps both ways, and bounds."""

import threading
from itertools import permutations

import orjson
import pytest

from camphora.errors import CamphoraError, Invalid, NotFound, TooLarge
from camphora.terminology.operations import as_fhir
from camphora.terminology.operations.canonicals import choose, fits, newest
from camphora.terminology.operations.expansion import expand
from camphora.terminology.operations.issues import KINDS, message
from camphora.terminology.operations.languages import languages
from camphora.terminology.operations.lookup import lookup, subsumes
from camphora.terminology.operations.options import Options
from camphora.terminology.operations.requests import Desk
from camphora.terminology.operations.resources import Layered, ResourceLibrary
from camphora.terminology.operations.translation import Question, translate
from camphora.terminology.operations.validation import checker, validate_code, validate_in_system
from camphora.terminology.systems import Coding, Filter

CS, VS = "http://example.org/cs", "http://example.org/vs"
FEVER = {"code": "fever", "display": "發燒", "designation": [{"language": "en", "value": "Fever"}]}
HIGH = {"code": "high-fever", "display": "高燒", "definition": "39 度以上"}
COUGH = {
    "code": "cough",
    "display": "咳嗽",
    "designation": [
        {"language": "en-GB", "value": "Cough"},
        {"value": "嗆咳", "use": {"system": "http://x", "code": "old"}},
    ],
    "property": [{"code": "status", "valueCode": "deprecated"}],
}
SYSTEM = {
    "resourceType": "CodeSystem", "url": CS, "version": "2024", "language": "zh-TW", "name": "Signs",
    "status": "active", "content": "complete", "caseSensitive": True, "hierarchyMeaning": "is-a",
    "concept": [{**FEVER, "concept": [HIGH]}, COUGH],
}  # fmt: skip
MAP = {
    "resourceType": "ConceptMap", "url": "http://example.org/map", "version": "1",
    "group": [{
        "source": CS, "target": "http://example.org/other",
        "element": [
            {"code": "fever", "target": [{"code": "F", "equivalence": "equivalent"}]},
            {"code": "high-fever", "target": [{"code": "F", "equivalence": "wider", "comment": "less said"}]},
            {"code": "cough", "target": [{"code": "-", "equivalence": "unmatched"}]},
        ],
        "unmapped": {"mode": "fixed", "code": "OTHER"},
    }],
}  # fmt: skip


def value_set(**include):
    return {"resourceType": "ValueSet", "url": VS, "compose": {"include": [{"system": CS, **include}]}}


def parameters(**values):
    rows = [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": rows}


@pytest.fixture
def library():
    return ResourceLibrary([SYSTEM, MAP, value_set()])


def test_versions_stand_in_the_order_that_people_mean():
    assert newest(["1.9", "1.10", "", "1.10-beta", "1.2"]) == ["1.10", "1.10-beta", "1.9", "1.2", ""]
    assert newest(["2023-12-31", "2024-05-27", "2024-05"]) == ["2024-05-27", "2024-05", "2023-12-31"]


@pytest.mark.parametrize(
    ("pattern", "version", "good"),
    [("1.x", "1.2.3", True), ("1.x.x", "1.2", False), ("1.2.*", "1.2.9", True), ("1.2.x", "1.3.0", False),
     ("*", "2024", True), ("", "7", True), ("1", "1.0", False)],
)  # fmt: skip
def test_wildcards_stand_for_whole_parts(pattern, version, good):
    assert fits(pattern, version) == good
    assert choose([version], pattern) == (version if good else None)


@pytest.mark.parametrize(
    ("wish", "display"),
    [("zh-TW", "咳嗽"), ("en", "Cough"), ("en-GB;q=0.5, zh;q=0.1", "Cough"), ("ja", "咳嗽"), ("ja, *;q=0", None),
     ("zh-Hant-TW, en", "Cough"), ("zh", "咳嗽")],
)  # fmt: skip
def test_a_reader_gets_the_name_in_the_best_language(library, wish, display):
    codes = value_set(concept=[{"code": "cough"}])
    (entry,) = expand(library, codes, Options(display_language=wish)).entries
    assert entry.display == display


@pytest.mark.parametrize("text", ["-", "en;q=2", "zh_TW", "en;q=x", "toolongtag1"])
def test_a_wish_that_is_no_language_is_refused(text):
    with pytest.raises(Invalid) as caught:
        languages(text)
    assert caught.value.code == "terminology-display-language"


def test_an_old_spelling_is_no_display(library):
    answer = validate_code(library, value_set(), Coding(CS, "cough", None, "嗆咳"))
    assert not answer.result
    assert "咳嗽" in answer.message
    assert [issue.kind.tx for issue in answer.issues] == ["invalid-display", "code-comment"]


def test_remarks_are_said_in_both_languages(library):
    answer = validate_code(library, value_set(concept=[{"code": "cough"}]), Coding(CS, "fever"))
    assert message(answer.issues, "zh-TW") == f"代碼「{CS}#fever」不在值集「{VS}」中"
    assert answer.issues[0].remedy("zh-TW") == "請改用值集內的代碼"
    assert "was not found in the value set" in message(answer.issues, "en")


def test_in_r4_the_properties_of_an_expansion_are_extensions(library):
    answer = expand(library, value_set(), Options(properties=("definition",)))
    found = as_fhir.expansion(answer, "R4")["expansion"]
    (property_,) = found["contains"][0]["contains"][0]["extension"]
    assert property_["url"].endswith("extension-ValueSet.expansion.contains.property")
    assert property_["extension"] == [
        {"url": "code", "valueCode": "definition"},
        {"url": "value", "valueString": "39 度以上"},
    ]
    assert "property" not in found
    assert as_fhir.expansion(answer, "R5")["expansion"]["property"][0]["code"] == "definition"


def test_a_code_is_translated_forward_and_back(library):
    forward = translate(
        library, Question(source=Coding(CS, "high-fever"), target_system="http://example.org/other")
    )
    assert [(match.target.code, match.relationship) for match in forward.matches] == [
        ("F", "source-is-narrower-than-target")
    ]
    backward = translate(library, Question(target=Coding("http://example.org/other", "F")))
    assert [match.source.code for match in backward.matches] == ["fever", "high-fever"]
    assert not translate(library, Question(source=Coding(CS, "cough"))).result
    assert translate(library, Question(source=Coding(CS, "rash"))).matches[0].target.code == "OTHER"


def test_in_r4_a_reverse_translation_gives_the_source_and_turns_the_equivalence(library):
    asked = parameters(code="F", system="http://example.org/other", reverse=True, targetsystem=CS)
    answer = Desk(library).ask("ConceptMap/$translate", asked)
    matches = [{part["name"]: part for part in row["part"]} for row in answer["parameter"][1:]]
    assert [match["concept"]["valueCoding"]["code"] for match in matches] == ["fever", "high-fever"]
    assert [match["equivalence"]["valueCode"] for match in matches] == ["equivalent", "narrower"]
    assert matches[0]["source"]["valueUri"] == "http://example.org/map|1"


def test_look_up_tells_relatives_and_every_name(library):
    found = lookup(library, Coding(CS, "fever"), Options(display_language="en"))
    assert found.display == "Fever"
    assert {name.value for name in found.designations} == {"發燒", "Fever"}
    assert [
        (told.property.value, told.description) for told in found.properties if told.property.code == "child"
    ] == [("high-fever", "高燒")]


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda held: lookup(held, Coding(CS, "rash")), "terminology-code-unknown"),
        (lambda held: lookup(held, Coding("http://no", "x")), "terminology-system-unknown"),
        (lambda held: lookup(held, Coding(CS, "fever", "1999")), "terminology-version-unknown"),
        (lambda held: subsumes(held, Coding(CS, "fever"), Coding("http://no", "x")), "terminology-systems-differ"),
        (lambda held: translate(held, Question(source=Coding(CS, "x"), map="http://no")), "terminology-map-unknown"),
    ],
)  # fmt: skip
def test_what_is_not_held_is_said_with_a_remedy(library, ask, code):
    with pytest.raises(NotFound) as caught:
        ask(library)
    assert caught.value.code == code
    outcome = as_fhir.outcome_of(caught.value, "zh-TW")
    assert outcome["issue"][0]["severity"] == "error"
    assert all(caught.value.remedy(lang) for lang in ("zh-TW", "en"))


def test_resources_sent_along_hold_for_the_one_request(library):
    desk = Desk(library)
    newer = {**SYSTEM, "version": "2025", "concept": [{"code": "rash", "display": "皮疹"}]}
    asked = parameters(url=VS, code="rash", system=CS)
    assert desk.ask("ValueSet/$validate-code", asked)["parameter"][0]["valueBoolean"] is False
    sent = {"parameter": [*asked["parameter"], {"name": "tx-resource", "resource": newer}]}
    assert desk.ask("ValueSet/$validate-code", sent)["parameter"][0]["valueBoolean"] is True
    assert desk.ask("ValueSet/$validate-code", asked)["parameter"][0]["valueBoolean"] is False


def test_a_layer_hides_what_has_the_same_url_and_version(library):
    other = ResourceLibrary([{**SYSTEM, "concept": [{"code": "rash"}]}])
    both = Layered(other, library)
    assert both.versions(CS) == ["2024"]
    assert both.code_system(CS).concept("rash") is not None
    assert both.code_system(CS).concept("fever") is None
    assert both.state != Layered(other, ResourceLibrary()).state


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("ValueSet/$expand", parameters()),
        ("ValueSet/$expand", parameters(url=VS, count="many")),
        ("ValueSet/$expand", parameters(url=VS, count=-1)),
        ("ValueSet/$expand", parameters(url=VS, activeOnly="yes")),
        ("ValueSet/$validate-code", parameters(url=VS)),
        ("ValueSet/$validate-code", parameters(url=VS, code="fever")),
        ("CodeSystem/$validate-code", parameters(url=CS)),
        ("CodeSystem/$lookup", parameters(code="fever")),
        ("CodeSystem/$subsumes", parameters(system=CS, codeA="fever")),
        ("ConceptMap/$translate", parameters(system=CS)),
    ],
)
def test_a_question_that_lacks_something_is_refused_with_an_outcome(library, name, asked):
    with pytest.raises(Invalid) as caught:
        Desk(library).ask(name, asked)
    assert as_fhir.outcome_of(caught.value)["issue"][0]["code"] == "invalid"


def test_subsumes_is_asked_by_codes_and_by_codings(library):
    desk = Desk(library)
    codes = parameters(system=CS, codeA="fever", codeB="high-fever")
    codings = parameters(
        codingA={"system": CS, "code": "high-fever"}, codingB={"system": CS, "code": "fever"}
    )
    assert desk.ask("CodeSystem/$subsumes", codes)["parameter"][0]["valueCode"] == "subsumes"
    assert desk.ask("CodeSystem/$subsumes", codings)["parameter"][0]["valueCode"] == "subsumed-by"


def test_a_list_that_is_too_long_is_refused_and_its_page_given(library):
    with pytest.raises(TooLarge) as caught:
        expand(library, value_set(), Options(limit=2))
    assert caught.value.facts["most"] == 2
    page = expand(library, value_set(), Options(limit=2, count=1, offset=1))
    assert [entry.code for entry in page.entries] == ["high-fever"]
    assert page.total == 3


def test_a_page_behind_the_end_is_empty_and_knows_the_total(library):
    for include in ({}, {"filter": [{"property": "concept", "op": "is-a", "value": "fever"}]}):
        page = expand(library, value_set(**include), Options(count=5, offset=9))
        assert page.entries == []
        assert page.total == (2 if include else 3)


@pytest.mark.parametrize("expression", ["(a+)+$", "((a*)*)*b", "(a|aa)+c", "(.*)*x"])
def test_hostile_expressions_are_answered(expression):
    """One that tried every way would not come back."""
    long = {**SYSTEM, "concept": [{"code": "a" * 5000}]}
    rule = {"property": "code", "op": "regex", "value": expression}
    assert expand(ResourceLibrary([long]), value_set(filter=[rule])).total in {0, 1}


@pytest.mark.parametrize(
    "rule",
    [Filter("code", "regex", "(a"), Filter("code", "regex", r"(a)\1"), Filter("code", "like", "x"),
     Filter("code", "exists", "perhaps")],
)  # fmt: skip
def test_filters_that_cannot_be_held_are_refused(library, rule):
    with pytest.raises(Invalid) as caught:
        expand(library, value_set(filter=[rule._asdict()]))
    assert caught.value.code in {"terminology-regex", "terminology-filter"}


def test_value_sets_that_import_each_other_are_refused():
    def ring(here, there):
        compose = {"include": [{"valueSet": [f"http://example.org/{there}"]}]}
        return {"resourceType": "ValueSet", "url": f"http://example.org/{here}", "compose": compose}

    ring_of_three = [ring("a", "b"), ring("b", "c"), ring("c", "a")]
    with pytest.raises(Invalid) as caught:
        expand(ResourceLibrary(ring_of_three), ring_of_three[0])
    assert caught.value.code == "terminology-value-set-circular"


def test_a_long_chain_of_imports_is_no_circle():
    def link(at, **include):
        compose = {"include": [include or {"valueSet": [f"http://example.org/{at + 1}"]}]}
        return {"resourceType": "ValueSet", "url": f"http://example.org/{at}", "compose": compose}

    chain = [*map(link, range(101)), link(101, system=CS)]
    assert len(expand(ResourceLibrary([SYSTEM, *chain]), chain[2]).entries) == 3
    with pytest.raises(Invalid) as caught:
        expand(ResourceLibrary([SYSTEM, *chain]), chain[0])
    assert caught.value.code == "terminology-imports-too-deep"


@pytest.mark.parametrize(("levels", "roots"), [(100, 1), (101, 101), (1000, 1000)])
def test_a_hierarchy_too_deep_for_an_answer_comes_as_a_list(levels, roots):
    concept = [{"code": str(levels)}]
    for at in reversed(range(1, levels)):
        concept = [{"code": str(at), "concept": concept}]
    answer = expand(ResourceLibrary([{**SYSTEM, "concept": concept}]), value_set())
    assert (len(answer.entries), answer.total) == (roots, levels)
    assert len(orjson.loads(orjson.dumps(as_fhir.expansion(answer)))["expansion"]["contains"]) == roots


def _tower(imports):
    """Forty value sets, each of which names the next one twice."""

    def floor(number):
        compose = (
            {"include": imports(f"http://example.org/{number + 1}")}
            if number < 40
            else value_set()["compose"]
        )
        return {"resourceType": "ValueSet", "url": f"http://example.org/{number}", "compose": compose}

    return [floor(number) for number in range(41)]


def test_value_sets_that_are_imported_over_and_over_are_asked_once():
    """Asked each time that they are named, forty of them would be asked a billion times: no answer."""
    tower = _tower(lambda url: [{"valueSet": [url, url]}, {"valueSet": [url]}])
    ask = checker(ResourceLibrary([SYSTEM, *tower]), tower[0])
    assert ask.coding(Coding(CS, "fever")).result
    assert not ask.coding(Coding(CS, "rash")).result


def test_an_expansion_that_doubles_at_each_import_is_refused(monkeypatch):
    monkeypatch.setattr("camphora.terminology.operations.clauses.Budget.__init__", _small_budget)
    tower = _tower(lambda url: [{"valueSet": [url]}, {"valueSet": [url]}])
    with pytest.raises(TooLarge) as caught:
        expand(ResourceLibrary([SYSTEM, *tower]), tower[0])
    assert caught.value.code == "terminology-too-many-steps"


def _small_budget(budget):
    budget.left = 1000


@pytest.mark.parametrize(
    ("name", "sent", "path"),
    [
        ("valueSet", {"resourceType": "ValueSet", "compose": []}, "ValueSet.compose"),
        ("valueSet", {"compose": {"include": [{"system": 1}]}}, "ValueSet.compose.include[0].system"),
        (
            "tx-resource",
            {"resourceType": "CodeSystem", "concept": [{"display": "x"}]},
            "CodeSystem.concept[0].code",
        ),
        ("tx-resource", {"resourceType": "ConceptMap", "group": {}}, "ConceptMap.group"),
        ("tx-resource", "text", "Parameters"),
    ],
)
def test_a_resource_of_the_wrong_shape_is_refused_where_it_is_wrong(library, name, sent, path):
    asked = {"parameter": [{"name": "url", "valueUri": VS}, {"name": name, "resource": sent}]}
    with pytest.raises(Invalid) as caught:
        Desk(library).ask("ValueSet/$expand", asked)
    assert caught.value.place.path == path


def test_a_circle_in_a_code_system_ends_nothing_but_itself():
    def concept(code, parent):
        return {"code": code, "property": [{"code": "parent", "valueCode": parent}]}

    library = ResourceLibrary([{**SYSTEM, "concept": [concept("a", "b"), concept("b", "a"), {"code": "c"}]}])
    rule = {"property": "concept", "op": "is-a", "value": "a"}
    (top,) = expand(library, value_set(filter=[rule])).entries
    assert {top.code, *(entry.code for entry in top.children)} == {"a", "b"}
    assert len(expand(library, value_set(), Options(exclude_nested=True)).entries) == 3


def test_an_expansion_alone_serves_as_a_list(library):
    contains = [{"system": CS, "code": "fever", "contains": [{"system": CS, "code": "cough"}]}]
    stored = {"resourceType": "ValueSet", "url": VS, "expansion": {"contains": contains}}
    ask = checker(library, stored)
    assert [ask.coding(Coding(CS, code)).result for code in ("fever", "cough", "high-fever")] == [
        True,
        True,
        False,
    ]


def test_an_excluded_system_is_left_out(library):
    assert expand(library, value_set(), Options(exclude_systems=(CS,))).entries == []


def test_a_supplement_may_pass_a_filter_and_a_search():
    supplement = {
        "resourceType": "CodeSystem", "url": "http://example.org/more", "content": "supplement", "supplements": CS,
        "concept": [{"code": "cough", "designation": [{"language": "ja", "value": "せき"}],
                     "property": [{"code": "organ", "valueCode": "lung"}]}],
    }  # fmt: skip
    library = ResourceLibrary([SYSTEM, supplement])
    wanted = value_set(filter=[{"property": "organ", "op": "=", "value": "lung"}])
    assert expand(library, wanted).entries == []
    options = Options(supplements=("http://example.org/more",), display_language="ja", text="せき")
    assert [entry.display for entry in expand(library, wanted, options).entries] == ["せき"]


def test_every_kind_of_remark_can_be_said():
    assert all(kind.severity in {"error", "warning", "information"} for kind in KINDS.values())
    assert all(kind.code for kind in KINDS.values())


def test_a_code_is_valid_in_its_system(library):
    assert validate_in_system(library, Coding(CS, "fever")).result
    wrong = validate_in_system(library, Coding(CS, "rash"))
    assert [issue.code for issue in wrong.issues] == ["terminology-code-unknown"]
    assert not validate_in_system(library, Coding("http://no", "x")).result


def test_an_edition_that_is_not_held_matters_only_to_codes_that_the_others_lack(library):
    include = [{"system": CS, "version": "2024"}, {"system": CS, "version": "1999"}]
    ask = checker(library, {"resourceType": "ValueSet", "url": VS, "compose": {"include": include}})
    assert ask.coding(Coding(CS, "fever")).result
    unknown = ask.coding(Coding(CS, "rash"))
    assert not unknown.result
    assert unknown.caused_by == [f"{CS}|1999"]
    assert "terminology-not-in-value-set" not in {issue.code for issue in unknown.issues}


def test_what_an_edition_that_is_not_held_takes_away_is_not_guessed(library):
    rows = [{"system": CS, "version": "1999", "concept": [{"code": "fever"}]}]
    compose = {"include": [{"system": CS}], "exclude": rows}
    ask = checker(library, {"resourceType": "ValueSet", "url": VS, "compose": compose})
    assert not ask.coding(Coding(CS, "fever")).result
    assert ask.coding(Coding(CS, "high-fever")).result


@pytest.mark.parametrize("versions", [["1.0.0", "1.0.0-rc.1", "0.9"], ["2024-05", "2023", "b", "a", ""]])
def test_any_order_of_versions_is_put_in_the_one_order(versions):
    assert {tuple(newest(mixed)) for mixed in permutations(versions)} == {tuple(versions)}


def test_threads_share_a_desk(library):
    desk, faults = Desk(library), []

    def ask():
        try:
            for code in ("fever", "cough", "rash") * 50:
                desk.ask("ValueSet/$validate-code", parameters(url=VS, code=code, system=CS))
        except CamphoraError as error:
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
