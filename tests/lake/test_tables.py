"""Tables through the same door."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from builders import analyst, citizen, clinician
from camphora.errors import Forbidden, Invalid, NotFound
from camphora.formats.declaration import TableColumn, TableDeclaration, base_tables
from camphora.lake import Between, By, Is, Lake, Measure, Question, Rules
from camphora.policy import Purpose
from camphora.policy.choices import stop_secondary_use
from camphora.policy.internal import loading
from camphora.records import Put

LOAD = loading("test")
NAME = {"zh-TW": "測試", "en": "test"}


def _table(name, *columns, key, person=None, readers=("public",)):
    made = tuple(TableColumn(column, NAME, kind) for column, kind in columns)
    return TableDeclaration(
        name, NAME, made, key, "Apache-2.0", NAME, date(2026, 1, 1), readers, "example", person
    )


PRICES = _table("prices", ("code", "text"), ("month", "month"), ("price", "decimal"), key=("code", "month"))
SCORES = _table(
    "scores",
    ("patient", "text"),
    ("day", "date"),
    ("score", "integer"),
    key=("patient", "day"),
    person="patient",
)


def _add(store, table, rows, *, public=True):
    store.add_batch(LOAD, table.name, rows, source="test", as_of="2026-01", public=public)


def _price(code, month, price):
    return {"code": code, "month": month, "price": price}


@pytest.fixture
def prices(store, tmp_path):
    _add(store, PRICES, [_price("a", "2026-01", 1.5), _price("b", "2026-01", None)])
    opened = Lake(tmp_path / "lake", store, tables=[PRICES, SCORES])
    yield opened
    opened.close()


def test_of_rows_with_the_same_key_the_latest_batch_wins_at_once(prices, store):
    _add(store, PRICES, [_price("b", "2026-01", 2.0), _price("a", "2026-02", 3.0)])
    found = prices.rows(citizen(), "prices")
    assert found.rows == [
        _price("a", "2026-01", 1.5),
        _price("a", "2026-02", 3.0),
        _price("b", "2026-01", 2.0),
    ]
    assert found.batch.as_of == "2026-01"


def test_rows_are_chosen_by_filters_and_columns(prices):
    found = prices.rows(
        citizen(), "prices", (Between("month", "2026-01", "2026"), Is("code", ("a",))), ["price"]
    )
    assert found.rows == [{"price": 1.5}]
    with pytest.raises(Invalid, match="lake-column-unknown"):
        prices.rows(citizen(), "prices", columns=["nothing"])


def test_a_table_without_rows_yet_is_empty_and_not_an_error(prices):
    assert prices.rows(citizen(), "village").rows == []


def test_a_table_that_is_not_public_is_for_those_whom_the_access_names(prices, store):
    _add(store, PRICES, [_price("c", "2026-03", 9.0)], public=False)
    with pytest.raises(Forbidden, match="records-table-refused"):
        prices.rows(clinician(), "prices")
    with pytest.raises(Forbidden, match="records-table-refused"):
        prices.ask(citizen(), Question("prices", Measure("rows"), purpose=Purpose.SELF))
    assert len(prices.rows(LOAD, "prices").rows) == 3


def test_figures_of_a_public_table_are_exact_and_say_that_nobody_is_in_it(prices):
    question = Question("prices", Measure("mean", "price"), by=(By("code"),), purpose=Purpose.SELF)
    answer = prices.ask(citizen(), question)
    assert answer.rows == (("a", 1.5), ("b", None))
    assert (answer.certificate.rule, answer.withheld_note) == ("none", None)
    with pytest.raises(Invalid, match="lake-no-persons"):
        prices.ask(citizen(), Question("prices", Measure("persons"), purpose=Purpose.SELF))


def test_the_population_of_taiwan_adds_up_by_county_and_sex(store, tmp_path):
    table = base_tables()["population_township"]
    rows = [row for row in table.bundled() if row["county_name"] in {"連江縣", "金門縣"}]
    _add(store, table, rows)
    lake = Lake(tmp_path / "lake", store)
    question = Question(
        table.name, Measure("total", "persons"), by=(By("county_name"), By("sex")), purpose=Purpose.SECONDARY
    )
    truth = {}
    for row in rows:
        key = (row["county_name"], row["sex"])
        truth[key] = truth.get(key, 0) + row["persons"]
    assert {row[:2]: row[2] for row in lake.ask(analyst(), question).rows} == truth


def test_a_table_about_persons_obeys_their_choices_like_a_record(lake, store, tmp_path):
    rows = [{"patient": f"p{number}", "day": "2026-01-01", "score": number} for number in range(60)]
    _add(store, SCORES, [*rows, {"patient": "unknown", "day": "2026-01-01", "score": 5}])
    scores = Lake(tmp_path / "lake", store, tables=[SCORES], rules=Rules(least=1, base=1))
    scores.catch_up()
    question = Question("scores", Measure("persons"), where=(Between("score", 50, None),))
    assert scores.ask(analyst(), question).rows == ((10,),)
    store.write(LOAD, [Put(stop_secondary_use("p55", datetime.now(UTC)), expect="new")])
    assert scores.ask(analyst(), question).rows == ((9,),)
    assert scores.open_rows_of("p55", citizen("p55"))["scores"] == 0
    with pytest.raises(Forbidden, match="lake-rows-of-persons"):
        scores.rows(analyst(), "scores")


def test_of_a_table_whose_files_are_whole_the_newest_stands_alone(store, tmp_path):
    table = replace(PRICES, whole=True)
    lake = Lake(tmp_path / "lake", store, tables=[table])
    _add(store, table, [_price("a", "2026-01", 1.0), _price("b", "2026-01", 2.0)])
    assert len(lake.rows(citizen(), "prices").rows) == 2
    _add(store, table, [_price("a", "2026-01", 1.5)])
    assert lake.rows(citizen(), "prices").rows == [_price("a", "2026-01", 1.5)]
    lake.close()


@pytest.mark.parametrize("whole", [False, True])
def test_a_vintage_is_what_stood_after_its_batch(store, tmp_path, whole):
    table = replace(PRICES, whole=whole)
    lake = Lake(tmp_path / "lake", store, tables=[table])
    _add(store, table, [_price("a", "2026-01", 1.0), _price("b", "2026-01", 2.0)])
    _add(store, table, [_price("a", "2026-01", 1.5)])
    first, second = (batch.no for batch in store.batches(citizen(), "prices"))
    rest = [] if whole else [_price("b", "2026-01", 2.0)]
    assert lake.rows_at(citizen(), "prices", first).rows == [
        _price("a", "2026-01", 1.0),
        _price("b", "2026-01", 2.0),
    ]
    assert lake.rows_at(citizen(), "prices", second).rows == [_price("a", "2026-01", 1.5), *rest]
    assert lake.rows_at(citizen(), "prices", second).rows == lake.rows(citizen(), "prices").rows
    with pytest.raises(NotFound, match="lake-vintage-unknown"):
        lake.rows_at(citizen(), "prices", second + 1)
    lake.close()


def test_a_vintage_is_read_by_whom_the_table_is_for(store, tmp_path):
    table = replace(PRICES, readers=("analyst",))
    lake = Lake(tmp_path / "lake", store, tables=[table])
    _add(store, table, [_price("a", "2026-01", 1.0)], public=False)
    (batch,) = store.batches(LOAD, "prices")
    with pytest.raises(Forbidden, match="records-table-refused"):
        lake.rows_at(citizen(), "prices", batch.no)
    lake.close()
