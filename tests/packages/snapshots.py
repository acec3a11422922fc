"""What of a snapshot matters to validation, so that one that is made can be held against one that is published."""

from typing import Any

VALUES = ("fixed", "pattern", "minValue", "maxValue")


def bare(canonical):
    """Without its version: publishers have pinned versions into snapshots since 2025."""
    return canonical and canonical.partition("|")[0]


def rules(element: dict[str, Any]) -> dict[str, Any]:
    binding, slicing = element.get("binding"), element.get("slicing")
    return {
        "path": element["path"],
        "slice": element.get("sliceName"),
        "limits": (element.get("min"), element.get("max"), element.get("maxLength")),
        "same_as": element.get("contentReference", "").partition("#")[2],
        "flags": (bool(element.get("mustSupport")), bool(element.get("isModifier"))),
        "types": sorted(map(_type, element.get("type", []))),
        "values": {key: value for key, value in element.items() if key.startswith(VALUES)},
        "binding": binding and (binding.get("strength"), bare(binding.get("valueSet"))),
        "slicing": slicing and _slicing(slicing),
        "constraints": sorted(one["key"] for one in element.get("constraint", [])),
    }


def _type(row):
    lists = [sorted(map(bare, row.get(name, []))) for name in ("profile", "targetProfile")]
    return [row["code"], *lists, sorted(row.get("aggregation", []))]


def _slicing(row):
    discriminators = sorted((one["type"], one["path"]) for one in row.get("discriminator", []))
    return [discriminators, row.get("rules"), bool(row.get("ordered"))]


def differing(published, made):
    """The ids of the elements whose rules are not the same, or that only one of the two has."""
    wanted, found = ({e["id"]: rules(e) for e in rows} for rows in (published, made))
    return {id_: (wanted.get(id_), found.get(id_)) for id_ in wanted.keys() | found.keys()
            if wanted.get(id_) != found.get(id_)}  # fmt: skip
