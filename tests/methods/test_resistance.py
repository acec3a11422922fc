"""First isolates by the definitions, antibiograms against scipy and statsmodels, breakpoints by guideline and day."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from camphora.errors import Invalid
from camphora.methods.resistance import antibiogram as shares
from camphora.methods.resistance import breakpoints
from camphora.methods.resistance.first_isolates import first_isolates

PATIENTS = ["p", "p", "p", "p", "q", "p", "p"]
ORGANISMS = ["E", "E", "E", "K", "E", "E", "E"]
DAYS = [0, 10, 20, 21, 5, 370, 1000]
RESULTS = [["S", "S"], ["S", "R"], ["S", "I"], ["R", ""], ["S", "S"], ["S", "S"], ["", "S"]]


def kept(**parameters):
    return np.flatnonzero(first_isolates(PATIENTS, ORGANISMS, DAYS, RESULTS, **parameters).kept).tolist()


def test_the_four_definitions():
    assert kept(rule="isolate") == [0, 1, 2, 3, 4, 5, 6]
    assert kept(rule="patient") == [0, 3, 4]
    assert kept(rule="episode") == [0, 3, 4, 5, 6]
    assert kept(rule="phenotype") == [0, 1, 3, 4, 5, 6]


def test_intermediate_counts_when_it_is_said_to():
    # isolate 2 (S, I) against 0 (S, S) and 1 (S, R)
    assert 2 not in kept(rule="phenotype", intermediate=0.5)
    assert 2 in kept(rule="phenotype", intermediate=1.0)
    assert 1 not in kept(rule="phenotype", differences=2)


def test_against_the_isolate_before_it():
    patients, organisms, days = ["p"] * 3, ["E"] * 3, [0, 1, 2]
    results = [["S"], ["R"], ["S"]]
    both = [
        first_isolates(patients, organisms, days, results, rule="phenotype", against=against).kept.tolist()
        for against in ("kept", "previous")
    ]
    assert both == [[True, True, False], [True, True, True]]


def test_an_episode_since_its_start_or_since_the_last_isolate():
    patients, organisms, days = ["p"] * 4, ["E"] * 4, [0, 20, 40, 60]
    fixed = first_isolates(patients, organisms, days, rule="episode", length=30)
    rolling = first_isolates(patients, organisms, days, rule="episode", length=30, since="last")
    assert fixed.kept.tolist() == [True, False, True, False]
    assert fixed.episode.tolist() == [0, 0, 1, 1]
    assert rolling.kept.tolist() == [True, False, False, False]


def test_specimens_part_isolates_and_one_without_a_day_never_counts():
    found = first_isolates(["p"] * 3, ["E"] * 3, [3, 1, np.nan], specimens=["blood", "urine", "blood"])
    assert found.kept.tolist() == [True, True, False]
    assert found.episode[2] == -1


def oracle(data, *, rule, length, since, against):
    """One isolate at a time, as the definitions read."""
    patients, organisms, days, results = (each.tolist() for each in data)
    kept, begun, opened = set(), {}, {}
    before = {}
    for at in sorted(range(len(days)), key=lambda each: (days[each], each)):
        key = (patients[at], organisms[at])
        new = key not in begun
        if not new and rule != "patient":
            new = days[at] - (days[before[key]] if since == "last" else begun[key]) >= length
        if new:
            begun[key], opened[key] = days[at], []
            kept.add(at)
        elif rule == "phenotype":
            rivals = (
                [before[key]] if against == "previous" else [each for each in opened[key] if each in kept]
            )
            differ = [
                any({a, b} == {"S", "R"} for a, b in zip(results[at], results[each], strict=True))
                for each in rivals
            ]
            if all(differ):
                kept.add(at)
        if rule == "isolate":
            kept.add(at)
        opened[key].append(at)
        before[key] = at
    return sorted(kept)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from(["isolate", "patient", "episode", "phenotype"]),
    st.sampled_from(["start", "last"]),
    st.sampled_from(["kept", "previous"]),
)
def test_equal_to_one_isolate_at_a_time(seed, rule, since, against):
    generator = np.random.default_rng(seed)
    patients, organisms = generator.integers(0, 4, 40), generator.integers(0, 2, 40)
    days, results = generator.integers(0, 120, 40), generator.choice(["S", "I", "R", ""], (40, 3))
    found = first_isolates(
        patients, organisms, days, results, rule=rule, length=30, since=since, against=against
    )
    data = (patients, organisms, days, results)
    wanted = oracle(data, rule=rule, length=30, since=since, against=against)
    assert np.flatnonzero(found.kept).tolist() == wanted
    again = found.made.again(patients, organisms, days, results)
    np.testing.assert_array_equal(again.kept, found.kept)


def test_stricter_rules_keep_fewer():
    counts = [len(kept(rule=rule)) for rule in ("patient", "episode", "phenotype", "isolate")]
    assert counts == sorted(counts)


# --- antibiograms -----------------------------------------------------------------------------------------------------


def test_shares_of_what_was_tested():
    results = [["S", "R"], ["I", ""], ["R", ""], ["S", "S"]]
    found = shares.antibiogram(results, ["E", "E", "E", "K"], least=2)
    assert found.organisms.tolist() == ["E", "K"]
    assert found.tested.tolist() == [[3, 1], [1, 1]]
    assert found.hit.tolist() == [[1, 0], [1, 1]]
    assert found.told.tolist() == [[True, False], [False, False]]
    assert shares.antibiogram(results, ["E", "E", "E", "K"], of="SI").hit[0].tolist() == [2, 0]
    assert shares.antibiogram(results, ["E", "E", "E", "K"], of="R").hit[0].tolist() == [1, 1]
    assert shares.antibiogram(results, ["E", "E", "E", "K"], of="IR").hit[0].tolist() == [2, 1]


@pytest.mark.parametrize(
    ("interval", "scipys", "theirs"), [("wilson", "wilson", "wilson"), ("clopper-pearson", "exact", "beta")]
)
def test_limits_equal_scipy_and_statsmodels(interval, scipys, theirs):
    for hit, of in ((0, 12), (12, 12), (7, 12), (268, 450), (1, 1)):
        found = shares.proportion_limits([hit], [of], interval=interval)
        low, high = found.lower, found.upper
        peer = stats.binomtest(hit, of).proportion_ci(method=scipys)
        assert (low[0], high[0]) == pytest.approx((peer.low, peer.high), abs=1e-10)
        assert (low[0], high[0]) == pytest.approx(proportion_confint(hit, of, method=theirs), abs=1e-10)


def test_a_drug_that_nobody_tested_has_no_share():
    found = shares.antibiogram([["S", ""]], ["E"])
    assert np.isnan([found.share[0, 1], found.lower[0, 1], found.upper[0, 1]]).all()
    assert not found.told.any()


def test_a_strange_result_is_refused():
    with pytest.raises(Invalid, match="methods-choice"):
        shares.antibiogram([["S", "N"]], ["E"])
    with pytest.raises(Invalid, match="methods-choice"):
        shares.antibiogram([[1, 2]], ["E"])


# --- breakpoints ------------------------------------------------------------------------------------------------------

TABLE = breakpoints.read("# invented, for no patient\n" + breakpoints.INVENTED)
NAME, DRUG = "Inventella exempli", "fictocillin"


def judged(value, *, site="", guideline="INVENTED", on="2026-01-01", method="mic"):
    found = breakpoints.interpret(
        [value], [NAME], [DRUG], [site], table=TABLE, guideline=guideline, on=on, method=method
    )
    return str(found.result[0])


def test_between_and_at_the_breakpoints():
    assert [judged(value) for value in ("0.5", "1", "1.5", "2", "2.1", "4")] == ["S", "S", "I", "I", "R", "R"]
    assert [judged(value, guideline="INVENTED-US") for value in ("2", "4", "8")] == ["S", "I", "R"]
    assert [judged(value, method="disk") for value in ("20", "19", "17", "16")] == ["S", "I", "I", "R"]


def test_the_row_of_its_day_and_site():
    assert judged("4", on="2024-12-31") == "I"
    assert judged("4", on="2025-01-01") == "R"
    assert judged("4", site="urine") == "S"
    assert judged("4", site="blood") == "R"
    assert judged("4", on="2023-12-31") == ""
    found = breakpoints.interpret(["4"], [NAME], [DRUG], table=TABLE, guideline="INVENTED", on="2024-06-01")
    assert found.version.tolist() == ["1"]


def test_a_range_has_a_result_only_where_all_of_it_has_the_same():
    assert judged("<=1") == "S"
    assert judged("<=2") == ""
    assert judged(">2") == "R"
    assert judged(">1") == ""
    assert judged(">=2") == ""
    assert judged("<=17", method="disk") == ""
    assert judged("<17", method="disk") == "R"
    assert judged(">=20", method="disk") == "S"


def test_the_unknown_and_the_unread():
    assert judged("") == ""
    found = breakpoints.interpret(
        ["1"], ["Nobody"], [DRUG], table=TABLE, guideline="INVENTED", on="2026-01-01"
    )
    assert found.result.tolist() == [""]
    with pytest.raises(Invalid, match="methods-measured"):
        judged("1..2")
    with pytest.raises(Invalid, match="methods-date"):
        judged("1", on="2026/01/01")


def test_an_interpretation_is_made_again_from_its_own_table():
    found = breakpoints.interpret(["4"], [NAME], [DRUG], table=TABLE, guideline="INVENTED", on="2026-01-01")
    assert found.made.again(["4"], [NAME], [DRUG]).result.tolist() == found.result.tolist()


HEAD = ",".join(breakpoints.COLUMNS) + "\n"


@pytest.mark.parametrize(
    "row",
    [
        "G,1,2025-13-01,,O,D,mic,,1,2,over",
        "G,1,2025-01-02,2025-01-01,O,D,mic,,1,2,over",
        "G,1,2025-01-01,,O,D,etest,,1,2,over",
        "G,1,2025-01-01,,O,D,mic,,2,1,over",
        "G,1,2025-01-01,,O,D,disk,,1,2,over",
        "G,1,2025-01-01,,O,D,mic,,,,over",
        "G,1,2025-01-01,,O,D,mic,,a,2,over",
        "G,1,2025-01-01,,O,D,mic",
    ],
)
def test_a_wrong_row_is_named_by_its_line(row):
    with pytest.raises(Invalid, match="methods-breakpoint-row") as caught:
        breakpoints.read("# remark\n" + HEAD + "G,1,2025-01-01,,O,E,mic,,1,2,over\n" + row)
    assert caught.value.facts["line"] == 4


def test_wrong_columns_and_overlapping_rows():
    with pytest.raises(Invalid, match="methods-breakpoint-columns"):
        breakpoints.read("a,b\n1,2")
    with pytest.raises(Invalid, match="methods-breakpoint-overlap"):
        breakpoints.read(HEAD + "G,1,2025-01-01,,O,D,mic,,1,2,over\nG,2,2026-01-01,,O,D,mic,,1,2,over")


@pytest.mark.parametrize("unknown", [[np.nan] * 3, [""] * 3, [None] * 3, [None, "", "p"]])
def test_an_isolate_of_nobody_known_never_counts(unknown):
    """It could be anybody's: it is neither the first of one nor a later one of another."""
    found = first_isolates(unknown, ["E"] * 3, [1, 2, 3])
    assert found.kept.tolist() == [False, False, unknown[2] == "p"]
    assert found.episode[0] == -1


@pytest.mark.parametrize("level", [0.0, 0.1, 0.5, 0.9, 0.95, 0.999, 1 - 1e-8, 1 - 1e-10, 1.0])
def test_exact_limits_are_the_inverse_beta_of_every_pair(level):
    """The independent way is scipy's, for each pair by itself."""
    pairs = [(k, n) for n in (0, 1, 2, 3, 7, 30, 101, 400) for k in range(n + 1)]
    pairs += [
        (0, 999),
        (1, 1000),
        (500, 1000),
        (1000, 1000),
        (3, 1001),
        (999, 100_000),
        (2.5, 9.5),
        (0.3, 0.9),
    ]
    k, n = np.array(pairs, dtype=float).T
    found = shares.proportion_limits(k, n, level=level, interval="clopper-pearson")
    tail = (1 - level) / 2
    low, high = stats.beta.ppf(tail, k, n - k + 1), stats.beta.isf(tail, k + 1, n - k)
    low, high = np.where(k == 0, 0, low), np.where(k == n, 1, high)
    np.testing.assert_allclose(found.lower, np.where(n == 0, np.nan, low), rtol=1e-10)
    np.testing.assert_allclose(found.upper, np.where(n == 0, np.nan, high), rtol=1e-10)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 1000), st.floats(0, 1), st.floats(0.001, 0.9999))
def test_exact_limits_leave_the_tails_that_they_say(n, share, level):
    k = round(share * n)
    found = shares.proportion_limits([float(k)], [float(n)], level=level, interval="clopper-pearson")
    if k:
        assert stats.binom.sf(k - 1, n, found.lower[0]) == pytest.approx((1 - level) / 2, rel=1e-8)
    if k < n:
        assert stats.binom.cdf(k, n, found.upper[0]) == pytest.approx((1 - level) / 2, rel=1e-8)
