"""The declared watches of the package and their series, made once."""

from functools import cache
from pathlib import Path

import camphora
from camphora.engines.watch import Watch, series_of
from camphora.engines.watch.sweep import swept
from camphora.engines.watch.together import together
from camphora.formats.declaration import TableDeclaration

SYSTEM = Path(camphora.__file__).parent / "systems" / "smart_epidemic_prevention"


@cache
def table(name):
    return TableDeclaration.load(SYSTEM / "tables" / f"{name}.toml")


@cache
def rows(name):
    return tuple(table(name).bundled())


@cache
def watch(name):
    declared = Watch.load(SYSTEM / "watch" / f"{name}.toml")
    return Watch.load(SYSTEM / "watch" / f"{name}.toml", table(declared.table))


@cache
def series(name):
    return series_of(watch(name), rows(watch(name).table))


@cache
def sweep(name):
    return swept(watch(name), series(name))


@cache
def all_shared():
    return together({name: sweep(name) for name in ("ili", "enterovirus", "dengue_weekly")})


def shared(name):
    """The sweep within the budget that all share."""
    return all_shared()[name]
