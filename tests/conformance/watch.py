"""The methods of watch, against the answers of published packages on open series (tests/methods/data)."""

from __future__ import annotations

from conformance.published import pytests
from conformance.suite import Suite

R = "R surveillance 1.20.3, run on open data (tests/methods/data/watch)"
EPIESTIM = "R EpiEstim 2.2-4, run on open data (tests/methods/data/watch)"


def _suite(name: str, words: tuple[str, str], source: str, total: int, test: str) -> Suite:
    return Suite(f"watch-{name}", *words, source, total, pytests(f"tests/methods/{test}"))


SUITES = (
    _suite("ears", ("EARS 偵測法，每題一組設定", "EARS, a case for each control"), R, 6,
           "test_ears.py::test_every_answer_of_r_is_met"),
    _suite("farrington-flexible", ("Farrington 改良法，29,640 週，每題一組設定",
           "Farrington flexible, 29,640 weeks, a case for each control"), R, 15,
           "test_farrington.py::test_every_flexible_answer_of_r_is_met"),
    _suite("farrington-1996", ("Farrington 原法，15,080 週，每題一組設定",
           "Farrington 1996, 15,080 weeks, a case for each control"), R, 5,
           "test_farrington.py::test_every_classic_answer_of_r_is_met"),
    _suite("bayes-rki", ("貝氏與 RKI 規則", "Bayes and RKI rules"), R, 6,
           "test_bayes_rki.py::test_bounds_and_alarms_equal_the_stored_answers"),
    _suite("cusum", ("累積和管制圖", "CUSUM"), R, 12,
           "test_cusum.py::test_all_equals_the_stored_answers"),
    _suite("glr", ("概似比管制圖及其基準模型", "likelihood-ratio charts and their baselines"), R, 16,
           "test_glr.py::test_charts_and_baselines_equal_the_stored_answers"),
    _suite("hhh4", ("地方性與流行性成分模型，皆自同一起點",
           "endemic and epidemic components, all from one fixed start"), R, 24,
           "test_hhh4.py::test_fits_equal_the_stored_answers"),
    _suite("hhh4-counties", ("同一模式，22 縣市各自配適：停在 R 停下的峰",
           "the same model, all 22 counties alone: the top at which R stops"),
           R.replace("/watch)", "/r)"), 22,
           "test_hhh4.py::test_each_county_alone_ends_where_r_ends"),
    _suite("nowcast", ("即時推估（Lawless）", "nowcasts by Lawless"), R, 1,
           "test_nowcast.py::test_lawless_equals_surveillance"),
    _suite("reproduction", ("有效再生數（Cori）", "reproduction numbers by Cori"), EPIESTIM, 4,
           "test_reproduction.py::test_cori_equals_epiestim"),
)  # fmt: skip
