"""What a request may ask for beyond its subject: the parameters of $expand, $validate-code and $lookup."""

from __future__ import annotations

from dataclasses import dataclass, field

from camphora.terminology.operations.canonicals import VersionRules

EXPANSION_LIMIT = 10_000
"""So many concepts an expansion may have without paging; more is refused as too costly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """None means that the request does not say. Texts are as FHIR writes them: `display_language` an Accept-Language
    list, `designations` `system|code` of a use or `urn:ietf:bcp:47|tag`, the rest canonicals or codes."""

    active_only: bool | None = None
    include_designations: bool | None = None
    include_definition: bool | None = None
    exclude_nested: bool | None = None
    count: int | None = None
    offset: int | None = None
    text: str = ""
    display_language: str = ""
    accept_language: str = ""
    designations: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    supplements: tuple[str, ...] = ()
    exclude_systems: tuple[str, ...] = ()
    rules: VersionRules = field(default_factory=VersionRules)
    membership_only: bool = False
    lenient_display: bool = False
    infer_system: bool = False
    abstract: bool | None = None
    limit: int = EXPANSION_LIMIT


DEFAULT = Options()
