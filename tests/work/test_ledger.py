"""A signal's work from end to end, two officers at once, hand-over, and what is overdue."""

import threading
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest

from camphora.errors import CamphoraError, Conflict, Forbidden, Invalid, NotFound, TooLarge
from camphora.fhir.packages import Guides
from camphora.fhir.search import parse_query
from camphora.fhir.validation import Validator
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.records.writing import Writer
from camphora.work import Asking, Ledger, tasks
from camphora.work.ledger import DAYS
from work.working import COUNTY, KEY, NOON, OTHER, TOWNSHIP, at_work, officer

TODAY = datetime.fromtimestamp(NOON / 1000, UTC).date()
SOON = TODAY + timedelta(3)


def refused(code, done, *given, **named):
    with pytest.raises(CamphoraError) as error:
        done(*given, **named)
    assert error.value.code == code
    return error.value


def asked(text="門診量是否含補報？", place=TOWNSHIP, due=SOON, organisation=None):
    return Asking(place, text, due, organisation)


def test_a_signal_goes_its_whole_way_and_every_step_stands_in_the_ledger(ledger, ann):
    town = at_work("tom", TOWNSHIP)
    work = ledger.take(ann, KEY, "先看是否補報")
    assert (work.state, work.owner.account, work.version) == ("taken", "ann", 1)
    request = ledger.ask(ann, work.id, 1, asked())
    assert (request.kind, request.state, request.place, request.due) == ("request", "sent", TOWNSHIP, SOON)
    assert ledger.one(ann, work.id).state == "asked"
    ledger.receive(town, request.id, 1)
    ledger.answer(town, request.id, 2, "含兩家診所補報 40 人次")
    ledger.comment(ann, work.id, "鎮公所已回覆")
    ledger.judge(ann, work.id, 3, "artefact", "補報所致")
    closed = ledger.close(ann, work.id, 4, "結案")
    assert (closed.state, closed.judgement, closed.ended) == ("closed", "artefact", True)
    steps = ledger.history(ann, closed)
    assert [(each.act, each.state, each.text) for each in steps] == [
        ("take", "taken", "先看是否補報"),
        ("ask", "asked", "門診量是否含補報？"),
        ("comment", "asked", "鎮公所已回覆"),
        ("judge", "judged", "補報所致"),
        ("close", "closed", "結案"),
    ]
    assert [each.judgement for each in steps] == [None, None, None, "artefact", None]
    assert {each.who.name for each in steps} == {"Ann"}
    assert [each.version for each in steps] == [1, 2, 3, 4, 5]
    (answered,) = ledger.requests(ann, closed)
    assert [each.act for each in ledger.history(town, answered)] == ["send", "take", "answer"]
    assert ledger.history(town, answered)[-1].text == "含兩家診所補報 40 人次"


def test_what_is_kept_is_valid_r4(ledger, store, ann):
    work = ledger.take(ann, KEY, "看")
    request = ledger.ask(ann, work.id, 1, asked(organisation="h1"))
    ledger.judge(ann, work.id, 2, "real")
    validator = Validator(Guides.bundled())
    kept = [
        ("Task", work.id),
        ("Task", request.id),
        ("Provenance", f"{work.id}.3"),
        ("Provenance", f"{request.id}.1"),
    ]
    for kind, record_id in kept:
        body = orjson.loads(store.read(ann, kind, record_id).body)
        assert [each for each in validator.validate(body) if each.severity in {"error", "fatal"}] == []


def test_only_one_of_two_takes_a_signal(ledger, ann, bob):
    ledger.take(ann, KEY)
    ledger.comment(bob, ledger.of(bob, [KEY])[KEY].id, "seen")
    error = refused("work-taken", ledger.take, bob, KEY)
    assert error.facts["who"] == "Ann"
    assert error.facts["when"].startswith("20")
    assert ledger.of(bob, [KEY])[KEY].owner.account == "ann"


def test_two_officers_at_once_never_overwrite_one_another(ledger, ann, bob):
    work = ledger.take(ann, KEY)
    ledger.judge(ann, work.id, 1, "known")
    error = refused("work-moved-on", ledger.judge, ann, work.id, 1, "real")
    assert (error.status, error.facts["who"]) == (409, "Ann")
    ledger.hand_over(bob, work.id, 2, bob.reader)
    refused("work-moved-on", ledger.close, ann, work.id, 2)
    assert ledger.one(ann, work.id).judgement == "known"


def test_of_many_at_once_one_takes_and_all_comments_stand(ledger, store, ann):
    many = [at_work(f"o{number}", COUNTY) for number in range(6)]
    outcome, gate = [], threading.Barrier(len(many))

    def take(access):
        gate.wait()
        try:
            outcome.append(Ledger(store).take(access, KEY).owner.account)
        except Conflict as error:
            outcome.append(error.code)

    threads = [threading.Thread(target=take, args=(each,)) for each in many]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert outcome.count("work-taken") == len(many) - 1
    work = ledger.of(ann, [KEY])[KEY]
    assert work.owner.account in outcome
    threads = [
        threading.Thread(target=ledger.comment, args=(each, work.id, each.reader.id)) for each in many[:4]
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    steps = ledger.history(ann, ledger.one(ann, work.id))
    assert {each.text for each in steps[1:]} == {"o0", "o1", "o2", "o3"}


def test_a_signal_is_judged_before_it_is_closed(ledger, ann):
    work = ledger.take(ann, KEY)
    refused("work-not-now", ledger.close, ann, work.id, 1)
    ledger.judge(ann, work.id, 1, "watch")
    ledger.ask(ann, work.id, 2, asked())
    refused("work-not-now", ledger.close, ann, work.id, 3)


def test_only_the_owner_judges_but_a_colleague_may_take_over(ledger, ann, bob):
    work = ledger.take(ann, KEY)
    assert isinstance(refused("work-for-owner", ledger.judge, bob, work.id, 1, "real"), Forbidden)
    ledger.hand_over(bob, work.id, 1, bob.reader, "病假代理")
    assert ledger.judge(bob, work.id, 2, "real").owner.account == "bob"
    refused("work-for-owner", ledger.close, ann, work.id, 3)


def test_closing_withdraws_what_nobody_answered(ledger, ann):
    town, work = at_work("tom", TOWNSHIP), ledger.take(ann, KEY)
    first = ledger.ask(ann, work.id, 1, asked("一"))
    second = ledger.ask(ann, work.id, 2, asked("二"))
    assert first.id != second.id
    ledger.receive(town, first.id, 1)
    ledger.answer(town, first.id, 2, "有")
    ledger.judge(ann, work.id, 3, "real")
    ledger.close(ann, work.id, 4)
    assert [each.state for each in ledger.requests(ann, work)] == ["answered", "withdrawn"]
    assert ledger.open(ann) == ()
    refused("work-not-now", ledger.receive, town, second.id, 2)


def test_a_request_is_taken_where_it_was_sent_and_not_by_who_asked(ledger, ann):
    work = ledger.take(ann, KEY)
    request = ledger.ask(ann, work.id, 1, asked(organisation="h1"))
    refused("work-for-recipient", ledger.receive, ann, request.id, 1)
    refused("work-for-recipient", ledger.receive, at_work("tom", TOWNSHIP, organisation="h2"), request.id, 1)
    here = at_work("tim", TOWNSHIP, organisation="h1")
    assert ledger.receive(here, request.id, 1).state == "taken"
    refused("work-text-needed", ledger.answer, here, request.id, 2, " ")
    refused("work-for-asker", ledger.withdraw, here, request.id, 2)
    assert ledger.withdraw(ann, request.id, 2, "不必了").state == "withdrawn"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ((OTHER, SOON, None), "work-place-outside"),
        (("65x", SOON, None), "work-place-outside"),
        (("6500001", SOON, None), "work-place-outside"),
        ((TOWNSHIP, SOON, "../h"), "work-place-outside"),
        ((TOWNSHIP, TODAY - timedelta(1), None), "work-due"),
        ((TOWNSHIP, date(2999, 1, 1), None), "work-due"),
    ],
)
def test_what_cannot_be_asked(ledger, ann, given, code):
    work = ledger.take(ann, KEY)
    refused(code, ledger.ask, ann, work.id, 1, asked("問", *given))
    assert ledger.one(ann, work.id).version == 1


def test_texts_are_needed_and_have_an_end(ledger, ann):
    work = ledger.take(ann, KEY)
    refused("work-text-needed", ledger.ask, ann, work.id, 1, asked(" "))
    refused("work-text-needed", ledger.comment, ann, work.id, "")
    assert isinstance(refused("work-text-long", ledger.comment, ann, work.id, "長" * 4001), TooLarge)
    refused("work-judgement", ledger.judge, ann, work.id, 1, "nonsense")


@pytest.mark.parametrize("key", ["", "x", "ili-2019-05-6500-all", "ili-2019-05-65000-", "ILI-2019-05-65000-all",
                                 "ili-2019-05-65000-all\n", f"ili-2019-05-65000-{'x' * 61}"])  # fmt: skip
def test_what_is_no_key_names_no_signal(ledger, ann, key):
    assert isinstance(refused("work-no-signal", ledger.take, ann, key), Invalid)


def test_a_village_is_its_townships_work_and_the_nation_is_of_who_has_no_limit(ledger, ann):
    assert tasks.place_of("dengue-2015-08-03-67000350012-all").place == "67000350"
    refused("work-outside-area", ledger.take, ann, "ili-2019-05-tw-all")
    assert ledger.take(at_work("nat"), "ili-2019-05-tw-all").place == "tw"


def test_a_signal_is_due_in_a_week_and_then_overdue(ledger, ann, clock):
    work = ledger.take(ann, KEY)
    assert work.due == TODAY + timedelta(DAYS)
    assert not work.overdue(work.due)
    assert work.overdue(work.due + timedelta(1))
    ledger.judge(ann, work.id, 1, "real")
    done = ledger.close(ann, work.id, 2)
    assert not done.overdue(work.due + timedelta(1))


def test_open_work_comes_by_its_last_day(ledger, ann):
    for group, days in (("a", 5), ("b", 1), ("c", 3)):
        ledger.take(ann, f"ili-2019-05-65000-{group}", due=TODAY + timedelta(days))
    assert [each.key[-1] for each in ledger.open(ann)] == ["b", "c", "a"]


def test_a_shift_ends_and_all_open_work_goes_over(ledger, ann, bob):
    for group in "abc":
        ledger.take(ann, f"ili-2019-05-65000-{group}")
    ledger.take(bob, KEY)
    assert ledger.hand_over_all(ann, bob.reader, "交班") == 3
    assert {each.owner.account for each in ledger.open(ann)} == {"bob"}
    assert ledger.hand_over_all(ann, bob.reader) == 0
    last = ledger.history(ann, ledger.of(ann, ["ili-2019-05-65000-b"])["ili-2019-05-65000-b"])[-1]
    assert (last.act, last.text, last.who.account, last.owner.account) == ("hand-over", "交班", "ann", "bob")


def test_nothing_goes_over_where_the_other_cannot_do_all_of_it(ledger, store):
    wide = at_work("wide", COUNTY, OTHER)
    ledger.take(wide, KEY)
    ledger.take(wide, "ili-2019-05-64000-all")
    refused("work-receiver-outside", ledger.hand_over_all, wide, officer("bob", COUNTY))
    assert {each.owner.account for each in ledger.open(wide)} == {"wide"}


def test_a_hand_over_goes_on_where_somebody_came_between(ledger, store, ann, bob, monkeypatch):
    work = ledger.take(ann, KEY)
    ledger.take(ann, "ili-2019-05-65000-b")
    write, came = store.write, []

    def between(access, changes, given=()):
        if not came:
            came.append(1)
            Ledger(store).comment(bob, work.id, "插進來")
        return write(access, changes, given)

    monkeypatch.setattr(store, "write", between)
    assert ledger.hand_over_all(ann, bob.reader) == 2
    assert [each.act for each in ledger.history(ann, ledger.one(ann, work.id))] == [
        "take",
        "comment",
        "hand-over",
    ]


def test_reopened_it_is_the_readers_and_judged_anew(ledger, ann, bob):
    work = ledger.take(ann, KEY)
    ledger.judge(ann, work.id, 1, "known")
    ledger.close(ann, work.id, 2)
    again = ledger.reopen(bob, work.id, 3, "又升高")
    assert (again.state, again.owner.account, again.judgement) == ("taken", "bob", None)
    refused("work-not-now", ledger.close, bob, work.id, 4)
    assert len(ledger.history(ann, again)) == 4


def test_states_of_a_page_of_signals_come_at_once(ledger, ann):
    keys = [f"ili-2019-05-65000-{number}" for number in range(5)]
    for key in keys[:3]:
        ledger.take(ann, key)
    assert set(ledger.of(ann, keys)) == set(keys[:3])
    assert ledger.of(ann, []) == {}


def test_what_is_absent_is_not_found(ledger, ann):
    assert isinstance(refused("work-not-found", ledger.one, ann, "work.65000.zzz"), NotFound)


def test_killed_in_between_nothing_of_a_step_stands(ledger, store, ann, monkeypatch):
    """The Provenance, or a request, fails after the Task was written: none of it is there."""
    work, put = ledger.take(ann, KEY), Writer.put
    child = tasks.request_id(TOWNSHIP, work.id, 2)
    for broken in (f"{work.id}.2", child, f"{child}.1"):

        def failing(self, prepared, broken=broken):
            if prepared.id == broken:
                raise OSError("the machine stops here")
            return put(self, prepared)

        monkeypatch.setattr(Writer, "put", failing)
        with pytest.raises(OSError, match="stops"):
            ledger.ask(ann, work.id, 1, asked())
        monkeypatch.setattr(Writer, "put", put)
        assert ledger.one(ann, work.id) == work
        assert ledger.requests(ann, work) == ()
        assert len(ledger.history(ann, work)) == 1
    assert ledger.ask(ann, work.id, 1, asked()).state == "sent"


def test_what_was_loaded_under_an_id_of_work_is_none(ledger, store, ann):
    signal = {"identifier": [{"system": tasks.SIGNAL, "value": KEY}]}
    odd = {"resourceType": "Task", "id": "work.65000.odd", "status": "requested", "intent": "order", **signal}
    store.write(loading("test"), [Put(odd)])
    work = ledger.take(ann, KEY)
    assert [each.id for each in ledger.open(ann)] == [work.id]
    refused("work-not-found", ledger.one, ann, "work.65000.odd")


def test_open_work_is_found_without_looking_at_tasks_of_persons(ledger, store, ann):
    """The statement is driven by what only work bears."""
    patient = {"resourceType": "Patient", "id": "p1"}
    task = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "for": {"reference": "Patient/p1"},
    }
    store.write(
        loading("test"), [Put(patient), *(Put({**task, "id": f"t{number}"}) for number in range(300))]
    )
    ledger.take(ann, KEY)
    asked = parse_query(
        "Task", [("identifier", f"{tasks.SIGNAL}|"), ("status", ",".join(tasks.OPEN))], strict=True
    )
    assert [row.id for row in store.search(ann, asked).rows] == [each.id for each in ledger.open(ann)]
    (told,) = store.explain(ann, asked)
    assert "identifier" in str(told.driver)


def test_judgements_that_are_kept_follow_each_later_step(ledger, store, ann, clock):
    """One ledger is asked again and again, another for the first time: they say the same, whoever judged between."""

    def said(access=ann):
        kept = dict(ledger.judgements(access))
        assert kept == Ledger(store).judgements(access)
        return kept

    other = "ili-2019-05-65000-0-6"
    assert said() == {}
    for key in (KEY, other):
        ledger.take(ann, key)
    assert said() == {}
    ids = {key: work.id for key, work in ledger.of(ann, [KEY, other]).items()}
    for key, judgement in ((KEY, "real"), (other, "watch"), (other, "artefact")):
        ledger.judge(ann, ids[key], ledger.one(ann, ids[key]).version, judgement)
        assert said()[key] == judgement
    assert said() == {KEY: "real", other: "artefact"}
    ledger.close(ann, ids[KEY], ledger.one(ann, ids[KEY]).version)
    Ledger(store, clock).reopen(ann, ids[KEY], ledger.one(ann, ids[KEY]).version)
    assert said() == {other: "artefact"}
    assert said(at_work("far", OTHER)) == {}
