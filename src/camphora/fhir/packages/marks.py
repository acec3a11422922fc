"""How a definition says that Camphora does not carry a list of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_CARRIED = "urn:camphora:not-carried"
"""Address of the extension; its `valueCode` is the reason: `licence` or `size`."""


def not_carried(element: Mapping[str, Any]) -> bool:
    """Whether the codes of this `include` or `exclude` of a value set (or `group` of a concept map) are left out,
    so that what it holds is not known."""
    return any(one.get("url") == NOT_CARRIED for one in element.get("extension", ()))
