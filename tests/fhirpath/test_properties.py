"""Laws that hold whatever is written or given."""

from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from camphora.fhir import fhirpath
from camphora.fhir.fhirpath import dates, quantities, tree
from camphora.fhir.fhirpath.functions import FUNCTIONS
from camphora.fhir.fhirpath.items import Item, value_of
from camphora.fhir.fhirpath.quantities import Quantity
from fhirpath.official import refusal, resource

SIGNS = ".name .given .value [0] .where(true) .select($this) = != ~ < | + - * / div mod & in contains and or implies"
THINGS = (
    "1 2.5 'a' true {} @2024-02-29 @2024T @T10:30 4'mg' 3days %resource $this $index $total name birthDate"
)
WORDS = [
    *(f".{name}({', '.join(['$this'] * one.least)})" for name, one in FUNCTIONS.items()),
    *SIGNS.split(), *THINGS.split(),
    " is Patient", ".as(string)", ".ofType(Quantity)", ".sort($this)", "(", ")", "-",
]  # fmt: skip
KEYS = st.sampled_from(["name", "given", "_given", "family", "birthDate", "extension", "value", "id"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["a", "2024-02-29", "2024", "10:30", "male", "#1", "Patient/1"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(KEYS, inner),
    max_leaves=8,
)  # fmt: skip
ZONES = st.sampled_from(["", "Z", "+08:00", "-05:00"])
DAYS = st.dates().map(str)
CLOCKS = st.times().map(lambda at: at.isoformat()[:12])
MOMENTS = st.one_of(
    DAYS,
    DAYS.map(lambda day: day[:7]),
    DAYS.map(lambda day: day[:4]),
    st.builds("{}T{}{}".format, DAYS, CLOCKS, ZONES),
)
AMOUNTS = st.builds(
    Quantity,
    st.decimals(-1000, 1000, places=2),
    st.sampled_from(["g", "mg", "kg", "[lb_av]", "m", "cm", "[in_i]", "s", "min", "1", "%"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=7), JSON)
def test_evaluation_ends_in_results_or_an_error_of_ours(words, name):
    patient = {"resourceType": "Patient", "name": name, "birthDate": "1970-01-01"}
    text = "".join(words)
    for way in ("__call__", "located", "holds"):
        found = refusal(lambda way=way: getattr(fhirpath.compile(text), way)(patient))
        assert found[:9] in {"", "fhirpath-"}
    found = refusal(lambda: fhirpath.compile(text, "Patient", strict=True, ordered=True))
    assert found[:9] in {"", "fhirpath-"}


def _called(inner):
    one = st.sampled_from(sorted(FUNCTIONS.values(), key=lambda known: known.name))
    return one.flatmap(
        lambda known: st.builds(
            tree.Function, inner, st.just(known.name),
            st.lists(inner, min_size=known.least, max_size=known.most).map(tuple),
        )
    )  # fmt: skip


SOURCES = st.sampled_from(
    [
        fhirpath.parse(text)
        for text in (*THINGS.split(), "name.given", "contact", "'Peter'", "'base64'", "4.75 'mg'")
    ]
)
TREES = st.recursive(
    SOURCES,
    lambda inner: st.one_of(
        _called(inner), _called(inner),
        st.builds(tree.Binary, st.sampled_from(sorted(set(tree.LEVELS) - {"is", "as"})), inner, inner),
        st.builds(tree.Indexer, inner, inner), st.builds(tree.Polarity, st.sampled_from("+-"), inner),
        st.builds(tree.TypeTest, st.just("as"), inner, st.just(""), st.sampled_from(["string", "Quantity", "Patient"])),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(TREES)
def test_every_tree_is_evaluated_or_refused_by_an_error_of_ours(node):
    patient = resource("patient-example.xml")
    assert refusal(lambda: fhirpath.compile(str(node), "Patient", strict=True))[:9] in {"", "fhirpath-"}
    for way in ("__call__", "located", "holds"):
        said = refusal(lambda way=way: getattr(fhirpath.compile(str(node)), way)(patient))
        assert said[:9] in {"", "fhirpath-"}


QUICK = [
    "name.given", "name.family = 'a'", "name.where(family = 'a').given", "name.exists(given.exists())", "active = true",
    "deceased.as(boolean)", "deceased.ofType(dateTime)", "(deceased as boolean) = false", "name.given | name.family",
    "name.select(given)", "name.given.count() + name.count() > 2", "name.given.isDistinct()", "multipleBirth > 1",
    "multipleBirth.ofType(integer) >= 2", "contact.name.given", "telecom.where(system = 'a' and rank > 1).value",
    "name.all(family.hasValue() or given.empty())", "gender in ('a' | 'male')", "name.family.startsWith('a')",
    "active and name.exists() implies gender != 'a'", "contained.id", "birthDate <= birthDate", "active xor active",
    "children().count() > name.count()", "name.first().family", "name.family.matches('^a')", "deceased.exists()",
    "active.not()", "active or gender.exists()", "gender implies active", "name.where(family).given",
    "birthDate < birthDate",
]  # fmt: skip
FIELDS = [
    "name", "active", "gender", "telecom", "contact", "birthDate", "deceasedBoolean", "deceasedDateTime", "_active",
    "multipleBirthInteger", "multipleBirthBoolean", "contained", "_gender", "_birthDate", "_multipleBirthInteger",
]  # fmt: skip
INSIDE = st.sampled_from(["given", "_given", "family", "_family", "name", "system", "value", "rank", "id"])
LEAF = st.sampled_from(["a", "b", "male", "2024-02-29", "2024", True, False, 1, 2, 2.5, None])
ANY = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(INSIDE, inner, max_size=3), max_leaves=8
)


def _slowly(made, item):
    things = made.things(item)
    values = [thing.value if isinstance(thing, Item) else thing for thing in things]
    truths = [value_of(thing) for thing in things]
    lone = truths[0] if len(truths) == 1 and isinstance(truths[0], bool) else True if truths else None
    if len(things) == 1 and isinstance(things[0], Item) and things[0].shape.primitive and values == [None]:
        lone = None
    return [value for value in values if value is not None], lone


@example({"deceasedDateTime": False}, "deceased.ofType(dateTime)")
@settings(max_examples=800, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), ANY, max_size=4), st.sampled_from(QUICK))
def test_the_quick_way_gives_what_the_closures_give_on_any_json(fields, text):
    patient = {"resourceType": "Patient", **fields}
    made = fhirpath.compile(text)
    refused = refusal(lambda: _slowly(made, patient))
    assert refusal(lambda: (made(patient), made.holds(patient))) == refused
    if not refused:
        assert (made(patient), made.holds(patient)) == _slowly(made, patient)


@given(MOMENTS, MOMENTS)
def test_the_order_of_moments_is_turned_when_they_are_swapped(left, right):
    a, b = dates.date_time(left), dates.date_time(right)
    found, turned = dates.compare(a, b), dates.compare(b, a)
    assert (found is None) == (turned is None)
    assert found is None or found == -turned
    assert dates.compare(a, a) == 0


@given(MOMENTS, MOMENTS, MOMENTS)
def test_the_order_of_moments_is_transitive(one, two, three):
    a, b, c = (dates.date_time(text) for text in (one, two, three))
    if dates.compare(a, b) == -1 and dates.compare(b, c) == -1:
        assert dates.compare(a, c) in {-1, None}


@given(MOMENTS)
def test_a_moment_written_and_read_is_the_same(text):
    moment = dates.date_time(text)
    assert dates.date_time(str(moment)) == moment


@given(DAYS, st.integers(-5000, 5000))
def test_days_added_and_taken_away_lead_back(day, days):
    start = dates.date(day)
    moved = dates.shifted(start.parts, Decimal(days * 86_400))
    assert moved is None or dates.shifted(moved, Decimal(-days * 86_400)) == start.parts


@given(AMOUNTS, AMOUNTS)
def test_quantities_compare_the_same_from_both_sides(a, b):
    found, turned = quantities.compare(a, b), quantities.compare(b, a)
    assert (found is None) == (turned is None) == (not a.comparable(b))
    assert found is None or found == -turned
    assert quantities.compare(a, a) == 0
    assert quantities.equivalent(a, b) == quantities.equivalent(b, a)


@given(AMOUNTS, st.sampled_from(["g", "mg", "kg", "[oz_av]"]))
def test_a_quantity_in_another_unit_is_equal_to_itself(amount, unit):
    moved = fhirpath.compile("%a.toQuantity(%u)")({}, variables={"a": amount, "u": unit})
    assert not moved or quantities.compare(moved[0], amount) == 0
