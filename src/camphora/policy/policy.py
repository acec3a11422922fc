"""The policy: law as data, with every parameter that the law leaves open and the reason of its default.

`policy/taiwan.toml` holds the denials, legal bases and parameters, `policy/roles.toml` what each role may ask for.
A file that breaks a rule is refused with all its faults at once, each with its file and place.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple, cast, get_args

from camphora.errors import Faults, Invalid, Lang, Place
from camphora.fhir.definitions import resource_types
from camphora.policy.codes import CONFIDENTIALITY, PurposeClass, ancestry, categories
from camphora.policy.vocabulary import Role

DENIALS = (
    "purpose-refused", "role-lacks-purpose", "applicant-not-eligible", "type-refused", "no-organisation",
    "not-notifiable", "outside-area", "outside-institution", "outside-ward",
)  # fmt: skip
"""The statutory denials that the decision knows; a policy states their order and their law."""

ALGORITHMS = (
    "deny-overrides", "permit-overrides", "most-recent", "specific-then-recent", "deny-unless-permit",
    "permit-unless-deny",
)  # fmt: skip
SHARED = "shared"
"""In a list of types: all that are about nobody."""


@dataclass(frozen=True, slots=True)
class Check:
    """What a parameter may be: a test, and in words."""

    test: Callable[[Any], bool]
    zh: str
    en: str

    def __call__(self, value: Any) -> bool:
        return self.test(value)

    def words(self, lang: Lang) -> str:
        return self.zh.strip() if lang == "zh-TW" else self.en


def _whole(least: int, most: int) -> Check:
    return Check(
        lambda value: type(value) is int and least <= value <= most,
        f" {least} 至 {most} 之整數",
        f"a whole number from {least} to {most}",
    )


def _one_of(*values: str) -> Check:
    names = "、".join(values), ", ".join(values)
    return Check(lambda value: value in values, f" {names[0]} 之一", f"one of {names[1]}")


def _texts(known: Callable[[str], bool] = lambda _: True, zh: str = "文字", en: str = "texts") -> Check:
    return Check(
        lambda value: (
            isinstance(value, list | tuple) and all(isinstance(each, str) and known(each) for each in value)
        ),
        f"{zh}之清單",
        f"a list of {en}",
    )


def _parents(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str)
        and "|" in name
        and isinstance(value[name], str)
        and ancestry(value[name])
        and not ancestry(name)
        for name in value
    )


_YES_OR_NO = Check(lambda value: isinstance(value, bool), " true 或 false", "true or false")
_SENSE = _one_of("permit", "deny")
PARAMETERS: dict[str, Check] = {
    "ages.majority": _whole(0, 120),
    "ages.own_act": _whole(0, 120),
    "ages.heirs": _YES_OR_NO,
    "basis.least_reason": _whole(1, 1000),
    "combining.care": _one_of(*ALGORITHMS),
    "combining.secondary": _one_of(*ALGORITHMS),
    "combining.siblings": _one_of("deny-overrides", "permit-overrides"),
    "consents.classes": _texts(
        lambda each: each in get_args(PurposeClass), "目的類別", "classes of purposes"
    ),
    "consents.death_ends_permits": _YES_OR_NO,
    "consents.recording": _YES_OR_NO,
    "consents.pending_withdrawal": _YES_OR_NO,
    "consents.unverified": _YES_OR_NO,
    "defaults.care": _SENSE,
    "defaults.claims": _SENSE,
    "defaults.operation": _SENSE,
    "defaults.secondary": _SENSE,
    "defaults.surveillance": _SENSE,
    "emergency.hours": _whole(1, 72),
    "emergency.least_reason": _whole(1, 1000),
    "emergency.roles": _texts(lambda each: each in set(Role), "角色", "roles"),
    "labels.sensitive": _one_of(*CONFIDENTIALITY),
    "labels.unlabelled": _one_of(*CONFIDENTIALITY),
    "purposes.under": Check(
        _parents,
        "「他系統|代碼」與 v3-ActReason 目的代碼之對照",
        "a table from system|code of another system to a code of v3-ActReason",
    ),
    "secondary.consent_types": _texts(lambda each: each in resource_types(), "資源類型", "record types"),
    "secondary.refused_organisations": _texts(zh="機構種類", en="kinds of organisation"),
}
"""Every parameter that a policy must state, with what it may be."""


class Explained(NamedTuple):
    """A parameter's value and, in both languages, why it is so by default."""

    value: Any
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A statute by which a use may be claimed (法律依據). Empty fields do not limit.

    `overrides`: whether it stands before a person's choices. `established`: whether the article's text is known to
    say so; where not, `open_question` says what is not known and the row takes the narrower reading.
    """

    id: str
    title: Mapping[str, str]
    law: str
    purposes: frozenset[str]
    overrides: bool
    notify: bool
    established: bool
    open_question: Mapping[str, str] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Covered:
    """The record types that a role reaches for a class of purposes: all, or those named, but for some."""

    types: frozenset[str] | None
    but: frozenset[str] = frozenset()

    def covers(self, record_type: str) -> bool:
        return record_type not in self.but and (self.types is None or record_type in self.types)


@dataclass(frozen=True, slots=True)
class Policy:
    """What a decision goes by. Equal policies decide alike; `set` gives one with other parameters."""

    id: str
    version: int
    title: Mapping[str, str]
    denials: tuple[str, ...]
    sources: Mapping[str, str]
    laws: Mapping[str, str]
    bases: Mapping[str, LegalBasis]
    roles: Mapping[str, Mapping[PurposeClass, Covered]]
    parameters: Mapping[str, Explained]

    @classmethod
    def taiwan(cls) -> Policy:
        """The policy that this package brings."""
        return _taiwan()

    @classmethod
    def read(cls, text: str, roles: str, file: str = "policy.toml", roles_file: str = "roles.toml") -> Policy:
        """A policy from the two TOML texts; raises `Faults` with every fault of both."""
        faults: list[Invalid] = []
        rows, role_rows = _parsed(text, file, faults), _parsed(roles, roles_file, faults)
        reader = Reading(faults, file)
        made = reader.policy(rows)
        reached = Reading(faults, roles_file).roles(role_rows)
        if faults:
            raise Faults(faults)
        return replace(made, roles=reached)

    def __getitem__(self, parameter: str) -> Any:
        """A parameter's value by its dotted name."""
        return self.parameters[parameter].value

    def set(self, changes: Mapping[str, Any]) -> Policy:
        """This policy with other parameters, by dotted name; raises `Faults` with every one that cannot be."""
        faults = [
            Invalid("policy-parameter", name=name, place=Place(file=self.id, path=name))
            for name, value in changes.items()
            if name not in PARAMETERS or not PARAMETERS[name](value)
        ]
        if faults:
            raise Faults(faults)
        changed = {name: Explained(value, self.parameters[name].why) for name, value in changes.items()}
        return replace(self, parameters={**self.parameters, **changed})

    def under(self, purposes: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """Those of the purposes that are of a foreign system, each with the purpose under which this policy puts it."""
        parents = self["purposes.under"]
        return tuple((code, parents[code]) for code in dict.fromkeys(purposes) if code in parents)

    def source(self, code: str) -> str:
        """The law or rule on which a reason stands, in zh-TW; empty where it stands on the request itself."""
        return self.sources.get(code, "")

    def law(self, source: str, lang: Lang) -> str:
        """How a source is cited in a language."""
        return source if lang == "zh-TW" else self.laws.get(source, source)

    def lineage(self, purpose: str) -> tuple[str, ...]:
        """A purpose with all that stands above it; empty where neither the code system nor the policy knows it."""
        known = ancestry(purpose)
        above = self["purposes.under"].get(purpose)
        return known or ((purpose, *ancestry(above)) if above else ())


def _parsed(text: str, file: str, faults: list[Invalid]) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        faults.append(Invalid("policy-file", place=Place(file=file), path="", zh=str(error), en=str(error)))
        return {}


@dataclass(slots=True)
class Reading:
    """Reads one file's rows and notes each fault with its place."""

    faults: list[Invalid]
    file: str
    place: Callable[[str], Place] | None = None
    """Where a path stands in the file; by the path alone where it is not known."""

    def fault(self, path: str, zh: str, en: str) -> None:
        place = self.place(path) if self.place else Place(file=self.file, path=path)
        self.faults.append(Invalid("policy-file", place=place, path=path, zh=zh, en=en))

    def policy(self, rows: dict[str, Any]) -> Policy:
        self.unknown(rows, "", {"id", "version", "title", "denial", "basis", "parameters", "sources", "laws"})
        denials = self.denials(rows.get("denial", []))
        sources = {str(code): str(law) for code, law in rows.get("sources", {}).items()}
        return Policy(
            id=self.text(rows, "id", ""),
            version=self.typed(rows, "version", "", int, 0),
            title=self.both(rows.get("title"), "title"),
            denials=tuple(denials),
            sources={**sources, **denials},
            laws={str(law): str(name) for law, name in rows.get("laws", {}).items()},
            bases={row.id: row for row in self.bases(rows.get("basis", []))},
            roles={},
            parameters=dict(self.parameters(rows.get("parameters", {}))),
        )

    def denials(self, rows: list[dict[str, Any]]) -> dict[str, str]:
        found: dict[str, str] = {}
        for number, row in enumerate(rows):
            path = f"denial[{number}]"
            self.unknown(row, path, {"code", "source"})
            code = self.text(row, "code", path)
            if code not in DENIALS or code in found:
                self.fault(
                    f"{path}.code",
                    "不是已知之法定拒絕，或重複",
                    "not a denial that the decision knows, or twice",
                )
            found[code] = self.text(row, "source", path)
        for code in set(DENIALS) - found.keys():
            self.fault(
                "denial",
                f"缺少 {code}：法定拒絕不可省略",
                f"{code} is missing: a statutory denial cannot be left out",
            )
        return found

    def bases(self, rows: list[Any], known: Collection[str] = ()) -> Iterator[LegalBasis]:
        """The rows of legal bases; `known`: ids that are taken."""
        taken = set(known)
        for number, row in enumerate(rows):
            path = f"basis[{number}]"
            if not isinstance(row, dict):
                self.fault(path, "不是表", "not a table")
                continue
            sets = {"purposes", "roles", "organisations", "categories", "types", "areas"}
            flags = {"overrides", "notify", "established"}
            self.unknown(row, path, {"id", "title", "law", "open"} | sets | flags)
            flagged: dict[str, Any] = {
                flag: self.typed(row, flag, path, bool, default=False) for flag in flags
            }
            limits: dict[str, Any] = {name: self.texts(row.get(name, []), f"{path}.{name}") for name in sets}
            made = LegalBasis(
                id=self.text(row, "id", path),
                title=self.both(row.get("title"), f"{path}.title"),
                law=self.text(row, "law", path),
                open_question=self.both(row["open"], f"{path}.open") if "open" in row else {},
                **flagged,
                **limits,
            )
            self.check_basis(made, path, taken)
            taken.add(made.id)
            yield made

    def check_basis(self, row: LegalBasis, path: str, known: set[str]) -> None:
        if row.id in known:
            self.fault(f"{path}.id", "重複", "twice")
        if not row.purposes:
            self.fault(f"{path}.purposes", "未載任何一項", "none is named")
        for purpose in row.purposes:
            if not ancestry(purpose):
                self.fault(f"{path}.purposes", f"{purpose} 不是利用目的", f"{purpose} is no purpose of use")
        if not row.established and not row.open_question:
            self.fault(f"{path}.open", "未確認者須載明何者未確認", "what is not established must be said")
        for role in row.roles - set(Role):
            self.fault(f"{path}.roles", f"{role} 不是角色", f"{role} is no role")
        for record_type in row.types - resource_types():
            self.fault(f"{path}.types", f"{record_type} 不是資源類型", f"{record_type} is no record type")
        for area in row.areas:
            if not (area.isdecimal() and len(area) in {5, 8}):
                self.fault(
                    f"{path}.areas",
                    f"{area} 不是縣市或鄉鎮之代碼",
                    f"{area} is no code of a county or township",
                )
        for category in row.categories - {*categories().values(), "other"}:
            self.fault(f"{path}.categories", f"{category} 不是資料類別", f"{category} is no data category")

    def parameters(self, rows: dict[str, Any]) -> Iterator[tuple[str, Explained]]:
        for name in PARAMETERS.keys() - rows.keys():
            self.fault(f"parameters.{name}", "缺少", "missing")
        for name, row in rows.items():
            path = f"parameters.{name}"
            self.unknown(row, path, {"value", "why"})
            if name not in PARAMETERS:
                self.fault(path, "無此參數", "no parameter of this name")
            elif "value" not in row or not PARAMETERS[name](row["value"]):
                self.fault(f"{path}.value", "值不可用", "not a value that it may have")
            yield name, Explained(row.get("value"), self.both(row.get("why"), f"{path}.why"))

    def roles(self, rows: dict[str, Any]) -> dict[str, dict[PurposeClass, Covered]]:
        for role in set(rows) ^ set(Role):
            self.fault(role, "無此角色，或缺少其列", "no such role, or its row is missing")
        return {role: dict(self.row(role, row)) for role, row in rows.items()}

    def row(self, role: str, row: dict[str, Any]) -> Iterator[tuple[PurposeClass, Covered]]:
        for name, reach in row.items():
            path = f"{role}.{name}"
            if name not in get_args(PurposeClass) or name == "refused":
                self.fault(path, "不是角色可有之目的類別", "no class of purposes that a role may have")
                continue
            self.unknown(reach, path, {"types", "but"})
            types = self.texts(reach.get("types", []), f"{path}.types") if "types" in reach else None
            but = self.texts(reach.get("but", []), f"{path}.but")
            yield cast("PurposeClass", name), Covered(_spread(types), but)

    # One value

    def unknown(self, row: Any, path: str, known: set[str]) -> None:
        if not isinstance(row, dict):
            self.fault(path, "不是表", "not a table")
            return
        for name in row.keys() - known:
            self.fault(f"{path}.{name}".lstrip("."), "不明之欄位", "unknown")

    def text(self, row: dict[str, Any], name: str, path: str) -> str:
        value = str(self.typed(row, name, path, str, ""))
        if not value:
            self.fault(f"{path}.{name}".lstrip("."), "空白", "empty")
        return value

    def typed(self, row: dict[str, Any], name: str, path: str, kind: type, default: Any) -> Any:
        value = row.get(name, default) if isinstance(row, dict) else default
        if type(value) is not kind:
            self.fault(
                f"{path}.{name}".lstrip("."), f"型別不是 {kind.__name__}", f"not of type {kind.__name__}"
            )
            return default
        return value

    def texts(self, value: Any, path: str) -> frozenset[str]:
        if not _texts()(value):
            self.fault(path, "不是文字清單", "not a list of texts")
            return frozenset()
        return frozenset(value)

    def both(self, value: Any, path: str) -> dict[str, str]:
        if not isinstance(value, dict) or set(value) != {"zh-TW", "en"} or not all(value.values()):
            self.fault(path, "須有 zh-TW 與 en 文字", "needs a text in zh-TW and in en")
            return {"zh-TW": "", "en": ""}
        return {lang: str(text) for lang, text in value.items()}


def _spread(types: frozenset[str] | None) -> frozenset[str] | None:
    from camphora.policy.admission import SHARED_TYPES

    if types is None or SHARED not in types:
        return types
    return types - {SHARED} | SHARED_TYPES


@cache
def _taiwan() -> Policy:
    room = files("camphora.policy")
    text, roles = (room.joinpath(name).read_text("utf-8") for name in ("taiwan.toml", "roles.toml"))
    return Policy.read(text, roles, file="taiwan.toml")
