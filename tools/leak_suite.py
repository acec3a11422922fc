"""Write docs/reference/leak-suite.md: which attack is tried on which read path, and which waits for a path to come.

python tools/leak_suite.py            write the page
python tools/leak_suite.py --check    write nothing; exit 1 where the page is not up to date
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "tools")]

from leak.attacks import ATTACKS  # noqa: E402
from leak.kinds import ATTACK_KINDS, GROUPS, Kind, paths_of  # noqa: E402
from leak.mutants import mutants  # noqa: E402
from leak.mutation import RECORDED  # noqa: E402
from leak.targets import EXCUSED  # noqa: E402
from leak.test_coverage import ELSEWHERE, covered  # noqa: E402
from reference_data import page, table  # noqa: E402

OUT = ROOT / "docs/reference/leak-suite.md"
HEAD = """Somebody hides; the same requests are made where she hides and where she never was, and must be answered
alike: status, headers, body, and the steps that the store takes. A part that is closed or denied must be as if it were
empty. What is carried over a choice (a session, a token, a cursor, a copy) must obey it from that moment on.

某人選擇不讓看；同樣的請求，在她隱藏的世界與她從未存在的世界，所得必須一樣。
"""
MUTATION = """## 套件自身之檢驗 The suite is tested

Each predicate of the planner is taken away alone, in the running process, and some attack must notice. A few at every
run of the tests; all of them, from the folder `tests`:

```sh
cd tests && PYTHONPATH=../src:. ../.venv/bin/python -m leak.mutation
```

What is taken away is what may open something: a condition, a guard, an argument that narrows, a difference of sets.
What puts the question of a search or chooses among ways to the same rows is none; the oracle of tests/search holds
that. The name of a function after it chooses its mutants. Every test first runs unchanged: it must pass, and what it
reaches is noted, so that a mutant is tried by those alone that reach it, first by the one that caught it before. With
`--record` what caught each is written into tests/leak/mutants.csv, from which this table is; `--resume` goes on with
those that were not caught yet, or whose function has changed since.
"""
TOLD = """## 已知而容許 What is told, knowingly

- **查閱紀錄之編號 Numbers of receipts.** A receipt's number is its place in the one log of the installation: it is what
  her proof of inclusion is checked against, so it cannot be left out. From two of her own receipts a citizen learns how
  many acts of reading lay between them in the whole installation, not whose, by whom or of what; the size of the tree
  in every published tree head says the same. This is accepted.
  查閱紀錄之編號即其於日誌之位置，供查驗證明之用；由兩筆可知其間全系統之查閱筆數，此外不知何人何事。
- **須逐筆判斷者 Who is judged.** A Consent that no set can tell is weighed once for an answer (its steps are bounded by
  tests/leak/test_work.py): the time may tell that there is such a Consent, not how many records there are where it
  denies all of them alike. Where it denies by what a record says, a search takes longer the more there are.
- **一度指涉他人之紀錄 Records that once named another.** They stay hidden with that person, since their history still
  names them; also a Patient whose link to another identity was taken back.
"""


def written() -> str:
    """The page as the suite is now."""
    now = [kind for kind in ATTACK_KINDS if not kind.waits]
    later = [kind for kind in ATTACK_KINDS if kind.waits]
    parts = [
        HEAD,
        "## 攻擊 Attacks\n\n"
        + table(["", "所試 What is tried", "路徑 Paths", "他處 Elsewhere"], [_row(kind) for kind in now]),
        "## 等候中 Waiting\n\nTheir address is not there yet: it must be refused, in both worlds alike.\n\n"
        + table(
            ["", "所試 What is tried", "等 Waits for"],
            [(f"`{k.name}`", f"{k.zh}<br>{k.en}", k.waits) for k in later],
        ),
        "## 路徑 Paths\n\n"
        + table(["群 Group", "路徑 Paths", "攻擊種類 Kinds"], [_group(name) for name in GROUPS]),
        "## 不在此 Not here\n\n"
        + table(["路徑 Path", "何處 Where"], [(f"`{name}`", f"`{why}`") for name, why in ELSEWHERE.items()]),
        MUTATION + _mutants(),
        TOLD,
    ]
    return page("洩漏測試", "Leak suite", "tools/leak_suite.py, tests/leak", *parts)


def _row(kind: Kind) -> tuple[str, str, str, str]:
    tried = sorted({path for name, path in covered() if name == kind.name and path in paths_of(kind)})
    return (
        f"`{kind.name}`",
        f"{kind.zh}<br>{kind.en}",
        " ".join(f"`{path}`" for path in tried),
        kind.elsewhere,
    )


def _mutants() -> str:
    """What the last recorded run said, by function; mutants that were made or changed since then are not yet tried."""
    with RECORDED.open(encoding="utf-8", newline="") as file:
        caught = {row["mutant"]: row["caught by"] for row in csv.DictReader(file)}
    count: dict[str, Counter[str]] = {}
    for mutant in mutants():
        kept = count.setdefault(f"{mutant.module.removeprefix('camphora.')}.{mutant.function}", Counter())
        kept["all"] += 1
        kept["caught" if caught.get(mutant.name) else "excused" if mutant.name in EXCUSED else "open"] += 1
    words = ("all", "caught", "excused", "open")
    rows = [(f"`{name}`", *(str(kept[word]) for word in words)) for name, kept in count.items()]
    total = sum(count.values(), Counter())
    head = ["", "突變 Mutants", "察覺 Caught", "無異 Excused", "未試盡 Not yet caught or tried"]
    excused = "\n".join(f"- `{name}`: {why}" for name, why in EXCUSED.items())
    rows.append(("合計 Together", *(str(total[word]) for word in words)))
    return f"\n{table(head, rows)}\n\nExcused, since nobody could tell them from the original:\n\n{excused}\n"


def _group(name: str) -> tuple[str, str, str]:
    paths = GROUPS[name]
    kinds = sorted({kind for kind, path in covered() if path in paths})
    return name, " ".join(f"`{path}`" for path in paths), " ".join(f"`{kind}`" for kind in kinds)


def main() -> int:
    assert ATTACKS
    text = written()
    if "--check" in sys.argv:
        current = OUT.exists() and OUT.read_text("utf-8") == text
        print("" if current else f"{OUT.name}: not up to date; run python tools/leak_suite.py")
        return 0 if current else 1
    OUT.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
