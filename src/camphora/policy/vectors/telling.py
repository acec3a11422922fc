"""A vector in short words, for a row of a table: who asks for what, about whom, which record, and what is expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from camphora.errors import Lang

Json = Mapping[str, Any]
ORDINARY = frozenset({"1980-05-17", "2025-06-01", "2026-03-10T09:00:00+08:00", "Patient/chen"})
"""Birth, day of the record, moment and person of most vectors: told only where they differ."""

WORDS: Mapping[str, tuple[str, str]] = {
    "register": ("登錄", "register"),
    "citizen": ("民眾", "citizen"), "clinician": ("醫師", "clinician"), "pharmacist": ("藥師", "pharmacist"),
    "officer": ("承辦人員", "officer"), "manager": ("主管人員", "manager"), "analyst": ("分析人員", "analyst"),
    "supply": ("供應商", "supply"), "administrator": ("系統管理者", "administrator"), "public": ("未登入者", "anybody"),
    "privacy": ("個資保護專責人員", "privacy officer"), "access": ("查閱", "access"), "collect": ("收載", "collect"),
    "use": ("統計利用", "use"), "disclose": ("攜出", "disclose"), "correct": ("更正", "correct"),
    "permit": ("准許", "permit"), "deny": ("拒絕", "deny"), "none": ("無目的", "no purpose"),
    "opposite": ("與外層相反", "the opposite of what is around it"), "nothing": ("無條款", "no provision"),
    "period": ("期間", "period"), "purpose": ("目的", "purpose"), "action": ("行為", "action"),
    "actor": ("查閱者", "actor"), "securityLabel": ("標記", "label"), "class": ("種類", "class"),
    "code": ("代碼", "code"), "dataPeriod": ("資料期間", "data period"), "data": ("資料", "data"),
    "but": ("內層：", "inside: "), "nobody": ("無人", "nobody"), "no_consents": ("無同意書", "no Consents"),
    "born": ("生於", "born"), "died": ("歿於", "died"), "incapable": ("無行為能力", "incapable"),
    "guardian": ("法定代理人", "guardian"), "proxy": ("受託人", "proxy"), "heir": ("繼承人", "heir"),
    "by": ("具名", "by"), "unverified": ("未經查證", "unverified"), "undated": ("無日期", "undated"),
    "basis": ("法律依據", "basis"), "emergency": ("緊急調閱", "emergency"), "scope": ("範圍", "scope"),
    "parts": ("部分", "parts"), "notifiable": ("法定通報", "notifiable"),
    "known": ("其人是否可知", "may the person be known"),
    "undated_record": ("無日期", "undated"), "redact": ("遮去", "redact"), "mask": ("遮蔽", "mask"),
    "notify": ("通知當事人", "notify"), "review": ("事後覆核", "review"),
    "log-override": ("記錄優先事由", "log the override"),
    "no-redisclosure": ("不得轉揭露", "no redisclosure"), "in": ("於", "at"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """A vector's row, in one language. `reasons` are codes in the order weighed, the deciding one last."""

    id: str
    title: str
    asked: str
    whom: str
    record: str
    policy: str
    expected: str
    reasons: str
    source: str


def told(vector: Json, lang: Lang) -> Told:
    """A vector in short words."""
    return Telling(lang).vector(vector)


NAMING = frozenset({"reference", "display"})


class Telling:
    def __init__(self, lang: Lang) -> None:
        self.lang: Lang = lang
        self._comma = "、" if lang == "zh-TW" else ", "
        self._stop = "；" if lang == "zh-TW" else "; "

    def word(self, name: str) -> str:
        """A word of the vectors in this language; a name without one as it is."""
        zh, en = WORDS.get(name, (name, name))
        return zh if self.lang == "zh-TW" else en

    def vector(self, vector: Json) -> Told:
        policy = vector["policy"]
        settings = {} if policy == "taiwan" else policy["set"]
        return Told(
            id=vector["id"],
            title=vector["title"][self.lang],
            asked=self._stop.join(self._asked(vector["asked"])),
            whom=self._stop.join(self._whom(vector)),
            record=self._stop.join(self._record(vector.get("facts"))),
            policy=self._comma.join(f"{name} = {_plain(value)}" for name, value in settings.items()),
            expected=self._expected(vector["expected"]),
            reasons=self._reasons(vector["expected"]),
            source=vector["source"],
        )

    def _asked(self, asked: Json) -> Iterator[str]:
        reader = asked["reader"]
        purposes = " + ".join(asked["purposes"]) or self.word("none")
        yield self._comma.join(
            (f"{self.word(reader['role'])} {reader['id']}", purposes, self.word(asked["action"]))
        )
        if asked["at"] not in ORDINARY:
            yield f"{self.word('in')} {asked['at']}" if self.lang == "en" else asked["at"]
        for name in ("organisation", "organisation_kind", "device", "person"):
            if name in reader:
                yield str(reader[name])
        for name in ("memberships", "identifiers"):
            if name in reader:
                yield self._comma.join(reader[name])
        if "scope" in reader:
            yield f"{self.word('scope')} {self._comma.join(one for each in reader['scope'].values() for one in each)}"
        if "basis" in asked:
            basis = asked["basis"]
            parts = (
                basis["id"],
                basis["reason"].strip() or "–",
                f"{basis.get('since', '–')}/{basis.get('until', '–')}",
                basis.get("approver", "–"),
            )
            yield f"{self.word('basis')} {self._comma.join(parts)}"
        if "emergency" in asked:
            said = asked["emergency"]
            declared = (said["identifier"] or "–", said["reason"].strip() or "–", said["declared"])
            yield f"{self.word('emergency')} {self._comma.join(declared)}"

    def _whom(self, vector: Json) -> Iterator[str]:
        whom = vector.get("whom")
        if whom is None:
            yield self.word("nobody")
            return
        if whom["id"] not in ORDINARY:
            yield whom["id"]
        if "born" in whom and whom["born"] not in ORDINARY:
            yield f"{self.word('born')} {whom['born']}"
        if "died" in whom:
            yield f"{self.word('died')} {whom['died']}"
        for span in whom.get("incapable", ()):
            yield f"{self.word('incapable')} {_span(span)}"
        for one in whom.get("stand_ins", ()):
            period = f" {_span(one['period'])}" if "period" in one else ""
            yield f"{self.word(one['kind'])} {one['who']}{period}"
        if "scope" in vector["asked"]["reader"]:
            where = [whom.get("area"), *whom.get("institutions", ()), *whom.get("wards", ())]
            yield self._comma.join(one for one in where if one) or "–"
        for consent in whom.get("consents", ()):
            yield self._consent(consent)
        if "register" in vector:
            yield f"{self.word('register')} {self._comma.join(map(_entry, vector['register']))}"
        if not whom.get("consents"):
            yield self.word("no_consents")

    def _consent(self, consent: Json) -> str:
        head = [consent["id"], consent.get("dateTime", self.word("undated"))]
        if consent.get("status") != "active":
            head.append(consent.get("status", "–"))
        if "performer" in consent:
            names = (one.get("reference") or one.get("display", "") for one in consent["performer"])
            head.append(f"{self.word('by')} {' '.join(names)}")
        checks = consent.get("verification", ())
        if checks and not any(one["verified"] for one in checks):
            head.append(self.word("unverified"))
        if "policyRule" in consent:
            head.append(consent["policyRule"]["coding"][0]["code"])
        provision = consent.get("provision")
        said = self.word("nothing") if provision is None else self._provision(provision)
        return f"{self._comma.join(head)}：{said}" if self.lang == "zh-TW" else f"{', '.join(head)}: {said}"

    def _provision(self, provision: Json) -> str:
        sense = self.word(provision.get("type", "opposite"))
        stated = [
            f"{self.word(name)} {_criterion(name, said)}"
            for name, said in provision.items()
            if name in _CRITERIA
        ]
        text = f"{sense} {self._comma.join(stated)}".strip()
        inner = [self._provision(one) for one in provision.get("provision", ())]
        return f"{text} [{self.word('but')}{' | '.join(inner)}]" if inner else text

    def _record(self, facts: Json | None) -> Iterator[str]:
        if facts is None:
            yield self.word("known")
            return
        yield f"{facts['type']}/{facts.get('id', '')}{self._comma}{facts.get('category', '–')}"
        if "labels" in facts:
            yield self._comma.join(facts["labels"])
        period = facts.get("period")
        if period is None:
            yield self.word("undated_record")
        elif not {period["start"], period["end"]} <= ORDINARY:
            yield (
                period["start"] if period["start"] == period["end"] else f"{period['start']}/{period['end']}"
            )
        for name in ("codes", "authors", "references"):
            if name in facts:
                yield self._comma.join(facts[name])
        if "organisation" in facts:
            yield facts["organisation"]
        if facts.get("notifiable"):
            yield self.word("notifiable")
        if "parts" in facts:
            parts = [
                f"{one['path']} {' '.join([*one.get('labels', ()), *one.get('codes', ())])}"
                for one in facts["parts"]
            ]
            yield f"{self.word('parts')} {self._comma.join(parts)}"

    def _expected(self, expected: Json) -> str:
        duties = [
            " ".join(filter(None, (self.word(one["kind"]), one.get("path"))))
            for one in expected["obligations"]
        ]
        return self._stop.join([self.word(expected["outcome"]), *duties])

    @staticmethod
    def _reasons(expected: Json) -> str:
        codes = " → ".join(expected["reasons"])
        return f"{codes} ({expected['consent']}: {expected['provision']})" if "consent" in expected else codes


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name} → {one}" for name, one in value.items())
    if isinstance(value, list):
        return " ".join(str(one) for one in value) or "[]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _span(said: Json) -> str:
    return f"{said.get('start', '')}/{said.get('end', '')}"


def _coded(codings: Sequence[Json]) -> str:
    return " ".join(str(one["code"]) for one in codings)


def _concepts(concepts: Sequence[Json]) -> str:
    return " ".join(_coded(one["coding"]) for one in concepts)


def _actors(actors: Sequence[Json]) -> str:
    return " ".join(_actor(one) for one in actors)


def _actor(actor: Json) -> str:
    role = actor["role"]["coding"][0]["code"]
    target = actor["reference"]
    identifier = target.get("identifier", {})
    named = target.get("reference") or f"{identifier['system']}|{identifier['value']}"
    return named if role == "IRCP" else f"{role} {named}"


def _data(data: Sequence[Json]) -> str:
    return " ".join(f"{one['meaning']} {one['reference']['reference']}" for one in data)


_CRITERIA: Mapping[str, Any] = {
    "period": _span, "purpose": _coded, "action": _concepts, "actor": _actors, "securityLabel": _coded,
    "class": _coded, "code": _concepts, "dataPeriod": _span, "data": _data,
}  # fmt: skip


def _criterion(name: str, said: Any) -> str:
    return str(_CRITERIA[name](said))


def _entry(record: Json) -> str:
    """A record of a register in one line: what it names, and its numbers."""
    named = " ".join(
        _mentioned({key: value for key, value in record.items() if key not in {"resourceType", "id"}})
    )
    return f"{record['resourceType']}/{record['id']}" + (f" ({named})" if named else "")


def _mentioned(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _mentioned(each)
    elif isinstance(value, dict):
        if "system" in value and "value" in value:
            yield f"{value['system']}|{value['value']}"
        else:
            for key, each in value.items():
                plain = isinstance(each, dict | list)
                yield from _mentioned(each) if plain else [str(each) if key in NAMING else f"{key}={each}"]
