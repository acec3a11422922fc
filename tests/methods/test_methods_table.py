"""The manual's table holds every figure that is stored, and was made of them."""

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not (ROOT / "tools").is_dir(), reason="an installed package has no tools")


@pytest.fixture(scope="module")
def made():
    spec = importlib.util.spec_from_file_location("methods_table", ROOT / "tools" / "methods_table.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["methods_table"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["methods_table"]


def stored():
    text = (ROOT / "docs" / "methods" / "figures.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_the_page_is_of_the_stored_figures(made):
    table = list(made.lines(stored()))
    page = (ROOT / "docs" / "methods" / "index.md").read_text(encoding="utf-8")
    assert "\n".join(table) in page
    for method in made.METHODS:
        assert (ROOT / "docs" / "methods" / f"{method.page}.md").exists()
        assert (ROOT / "tools" / f"bench_watch_{method.topic}.py").exists()


def test_a_figure_of_no_method_is_an_error(made):
    with pytest.raises(KeyError, match="watch: unheard of"):
        list(made.lines([{"bench": "watch: unheard of", "value": 1.0, "unit": "s", "settings": {}}]))


def test_a_stored_figure_of_r_is_marked(made):
    row = {"bench": "watch: rki", "value": 8e6, "unit": "series-weeks per CPU-second"}
    far = made.speed(
        row | {"settings": {"r": 2.0, "ratio_to_r": 4.0, "r_is": "stored, from another"}}, "charts"
    )
    near = made.speed(row | {"settings": {"r": 2.0, "ratio_to_r": 4.0, "r_is": "run here"}}, "charts")
    assert "| R* 2 | 4 |" in far
    assert "| R 2 | 4 |" in near


def test_a_ratio_stands_only_beside_a_peer_that_does_the_same():
    """The damped smoothing has one; R's nowcasts are of another model than that which lends from day to day."""
    by = {(row["bench"], row["settings"].get("search")): row["settings"] for row in stored()}
    assert "r" not in by["watch: Bayesian nowcast, 1,000 draws", None]
    assert [name for (name, _), settings in by.items() if "statsmodels_damped" in settings] == [
        "watch: forecast, damped"
    ]


def test_r_stands_in_the_table_from_the_same_run(made):
    """No figure of R there is from another machine, and ours are ahead of all."""
    beside = [row["settings"] for row in stored() if "r" in row["settings"]]
    assert len(beside) >= 18
    assert {settings["r_is"] for settings in beside} == {"run here"}
    assert min(settings["ratio_to_r"] for settings in beside) > 1
    assert "R*" not in "\n".join(made.lines(stored()))


def test_the_tool_says_what_it_does_and_changes_nothing(made, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["methods_table.py", "--help"])
    monkeypatch.setattr(made, "FOLDER", Path("/nowhere"))
    with pytest.raises(SystemExit) as left:
        made.main()
    assert left.value.code == 0
    assert "figures.jsonl" in capsys.readouterr().out


def test_no_speed_stands_twice(made):
    """What the table has, the pages only point to."""
    told = re.findall(r": ([\d,]+(?:\.\d+)?) [a-zA-Z ]+/CPU-s", "\n".join(made.lines(stored())))
    assert len(told) >= 30
    for page in {method.page for method in made.METHODS} - {
        "scan"
    }:  # its figures of before and after are its own
        text = (ROOT / "docs" / "methods" / f"{page}.md").read_text(encoding="utf-8")
        section = text[text.index("## 速度 Speed") :]
        assert "(index.md)" in section
        assert [one for one in told if len(one) > 3 and one in section] == []
        assert not re.search(r"^\|.*CPU", section, re.MULTILINE)
