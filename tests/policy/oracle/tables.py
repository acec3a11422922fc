"""The policy's tables, read as plain data."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from camphora.policy.admission import SHARED_TYPES
from policy.oracle.values import Rules


@cache
def taiwan() -> Rules:
    """Taiwan's policy, from its files."""
    room = files("camphora.policy")
    law = tomllib.loads(room.joinpath("taiwan.toml").read_text("utf-8"))
    roles = tomllib.loads(room.joinpath("roles.toml").read_text("utf-8"))
    rows = csv.DictReader(room.joinpath("purposes.csv").read_text("utf-8").splitlines())
    settings = {name: row["value"] for name, row in law["parameters"].items()}
    return Rules(
        settings,
        {row["code"]: row["class"] for row in rows},
        {role: dict(classes) for role, classes in roles.items()},
        {row["id"]: row for row in law["basis"]},
        SHARED_TYPES,
        settings["purposes.under"],
    )


@cache
def _with(settings: bytes) -> Rules:
    rules = taiwan()
    changed = {**rules.settings, **orjson.loads(settings)}
    return replace(rules, settings=changed, under=changed["purposes.under"])


def with_settings(settings: Mapping[str, Any]) -> Rules:
    """Taiwan's policy with other parameters."""
    return _with(orjson.dumps(settings, option=orjson.OPT_SORT_KEYS)) if settings else taiwan()
