"""`/me/certificates`: 受理證明, the receipt of each choice that was made, with the choice itself and its proof."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import NotFound
from camphora.fhir.search import parse_query
from camphora.pages import Action, Cell, Column, Link, Prose, Table, View, dates
from camphora.policy import Purpose
from camphora.policy.choices import covers_secondary
from camphora.policy.codes import categories
from camphora.records import Look, Put, Version
from camphora.web.citizen.acting import Acting, acting
from camphora.web.citizen.looked import MOST, attachment
from camphora.web.reading import Chart, Json, Reading, is_synthetic
from camphora.web.reading.chart import read
from camphora.web.reading.desk import Desk
from camphora.web.reading.plain import moment_of
from camphora.web.reading.titles import consent_title, title

HERE = "/me/certificates"
ACT = "choice"


def certified(chart: Chart, consents: list[Json], *, new: bool) -> int | None:
    """Write Consents as the chart's Access and leave one receipt over what was written; the receipt's number."""
    changes = [Put(consent, expect="new" if new else "present") for consent in consents]
    written = chart.store.write(chart.access, changes)
    bodies = [_version(chart, each.id, each.version) for each in written]
    return chart.store.attest(
        chart.access, ACT, ["Consent"], [chart.person], [each.body or b"" for each in bodies]
    )


def _version(chart: Chart, key: str, version: int) -> Version:
    return chart.store.read(chart.access, "Consent", key, version)


class CertificatePages(Desk):
    """The acts of choosing, each with what proves that it was received."""

    def page(self, request: Request) -> Response:
        by, reading = acting(self, request), self.reading(request)
        words = reading.words
        acts = _acts(by.chart)
        versions = _versions(by.chart) if acts else []
        written = {look.receipt: self._written_by(look.receipt, versions)[0] for look in acts}
        deciding = self._deciding(by, reading, [one for some in written.values() for one in some])
        rows: list[dict[str, Cell]] = [
            {
                "number": str(look.receipt),
                "href": by.href(f"{HERE}/{look.receipt}"),
                "what": reading.sentences(map(deciding.said, written[look.receipt])),
                "when": dates.moment(moment_of(look.at), reading.lang),
                "who": look.name,
            }
            for look in acts
        ]
        columns = [
            Column(key, words(f"certificate.column.{key}")) for key in ("number", "what", "when", "who")
        ]
        table = Table("certificates", words("certificate.all"), columns, rows, link={"number": "href"})
        view = View(
            name="certificates",
            title=words("certificate.all"),
            lead=words("certificate.all_lead"),
            blocks=[table] if rows else [Prose(words("certificate.none"), [words("certificate.first")])],
            why=self.why(request, Purpose.SELF, by.chart.person),
            crumbs=_crumbs(reading, by),
            actions=()
            if rows
            else [Action(words("certificate.choose"), by.href("/me/choices"), primary=True)],
        )
        return self.site.view(request, view)

    def one(self, request: Request) -> Response:
        by, number = acting(self, request), int(request.path_params["number"])
        reading = self.reading(request)
        look, consents, _ = self._found(by.chart, number)
        words = reading.words
        deciding = self._deciding(by, reading, consents)
        head = self.store.audit.proof(number, first=True)["head"]
        facts = {
            "what": reading.sentences(map(deciding.said, consents)),
            "when": dates.moment(moment_of(look.at), reading.lang),
            "effective": words("certificate.at_once"),
            "who": look.name,
            "consent": reading.join(_address(consent) for consent in consents),
            "receipt": str(number),
            "root": words("certificate.root_of", root=_in_groups(head["root"]), n=head["size"]),
        }
        said = [
            words("certificate.line", name=words(f"certificate.fact.{key}"), value=facts[key])
            for key in facts
        ]
        check = [words(f"certificate.{key}") for key in ("how", "command", "print")]
        view = View(
            name="certificate",
            title=words("certificate.title_of", n=number),
            lead=words("certificate.lead"),
            blocks=[
                Prose(words("certificate.said"), said, "good"),
                Prose(words("certificate.check"), check),
            ],
            badge="synthetic" if is_synthetic([by.chart.patient()]) else None,
            why=self.why(request, Purpose.SELF, by.chart.person),
            crumbs=[*_crumbs(reading, by), Link(words("certificate.all"), by.href(HERE))],
            actions=[
                Action(words("certificate.download"), by.href(f"{HERE}/{number}/proof.json"), primary=True)
            ],
        )
        return self.site.view(request, view)

    def proof(self, request: Request) -> Response:
        """The receipt's proof with the Consents it was left over, as text and read, the salt of their digest, and what
        they say in words, which is not proven but tells what the proven text says."""
        by, number = acting(self, request), int(request.path_params["number"])
        _, versions, salt = self._versions_of(by.chart, number)
        consents = _read(versions)
        deciding = self._deciding(by, self.reading(request), consents)
        body = {
            **self.store.audit.proof(number, first=True),
            "salt": salt,
            "said": [deciding.said(each) for each in consents],
            "consents": consents,
            "written": [(each.body or b"").decode() for each in versions],
        }
        return attachment(
            orjson.dumps(body, option=orjson.OPT_INDENT_2),
            "application/json",
            f"camphora-certificate-{number}.json",
        )

    def _found(self, chart: Chart, number: int) -> tuple[Look, list[Json], str]:
        """The act, the Consents as they were written by it, and the salt; NotFound where it is not this person's."""
        look, versions, salt = self._versions_of(chart, number)
        return look, _read(versions), salt

    def _versions_of(self, chart: Chart, number: int) -> tuple[Look, list[Version], str]:
        look = next((each for each in _acts(chart) if each.receipt == number), None)
        written, salt = self._group_of(number, _versions(chart)) if look else ([], None)
        if look is None or salt is None:
            raise NotFound("audit-no-receipt", number=number)
        return look, written, salt

    def _written_by(self, number: int, versions: list[Version]) -> tuple[list[Json], str | None]:
        written, salt = self._group_of(number, versions)
        return _read(written), salt

    def _group_of(self, number: int, versions: list[Version]) -> tuple[list[Version], str | None]:
        """Which of a person's versions a receipt was left over, with the salt; none where it was another's."""
        groups: dict[int, list[Version]] = {}
        for version in versions:
            groups.setdefault(version.updated, []).append(version)
        alone = [[version] for version in versions]
        for group in (*groups.values(), *alone):
            salt = self.store.salt_for(number, [version.body or b"" for version in group])
            if salt is not None:
                return group, salt
        return [], None

    def _deciding(self, by: Acting, reading: Reading, consents: list[Json]) -> Deciding:
        """What Consents say in words, with the names of what they name as far as these are known here."""
        accounts = {user.person: user.display for user in self.site.installation.gate.identity.users()}
        named = [
            str(each["reference"]) for one in consents for each in _references(one) if "reference" in each
        ]
        names = by.chart.names(named)
        for reference in named:
            kind, _, key = reference.partition("/")
            if kind == "Patient" and key in accounts:
                names[reference] = accounts[key]
            elif reference not in names and key and kind in categories():
                names[reference] = _title_of(by.chart, reading, kind, key) or reference
        return Deciding(reading.named(names))


@dataclass(frozen=True, slots=True)
class Deciding:
    """What a Consent decides, in words: what for whom, from when until when."""

    reading: Reading

    def said(self, consent: Json) -> str:
        reading, words = self.reading, self.reading.words
        provision = consent.get("provision") or {}
        parts = [consent_title(reading, consent), *self._criteria(provision), self._span(consent, provision)]
        state = "made" if consent.get("status") == "active" else "ended"
        return words(f"certificate.{state}", title=reading.sentences(parts))

    def _criteria(self, provision: Json) -> Iterator[str]:
        reading, words = self.reading, self.reading.words
        named = [str(each["reference"]) for each in _references({"provision": provision})]
        yield from (reading.names.get(each, each) for each in named)
        labels = [each.get("code", "") for each in provision.get("securityLabel", ())]
        if labels:
            yield reading.join(self._word("label", code) for code in labels)
        if provision.get("code"):
            yield reading.join(reading.concepts(provision["code"]))
        if provision.get("dataPeriod"):
            period = provision["dataPeriod"]
            since, until = (reading.when(str(period.get(edge, ""))) for edge in ("start", "end"))
            yield words("certificate.dated", span=words("certificate.span", since=since, until=until))
        codes = frozenset(str(each.get("code", "")) for each in provision.get("purpose", ()))
        purposes = [self._word("use", code) for code in sorted(codes)]
        if codes and covers_secondary(codes):
            purposes = [words("certificate.every_purpose")]
        classes = [self._word("data_category", each.get("code", "")) for each in provision.get("class", ())]
        if purposes:
            kinds = reading.join(classes) or words("choice.part.every_category")
            yield words("certificate.uses", category=kinds, purpose=reading.join(purposes))

    def _span(self, consent: Json, provision: Json) -> str:
        reading, period = self.reading, provision.get("period") or {}
        since = reading.moment(str(period.get("start") or consent.get("dateTime", "")))
        until = reading.when(str(period.get("end", "")))
        return reading.words("certificate.span" if until else "certificate.since", since=since, until=until)

    def _word(self, table: str, code: str) -> str:
        key = f"{table}.{code}"
        return self.reading.words(key) if key in self.reading.words else code


def _references(consent: Json) -> list[Json]:
    """Whom and what a Consent's provision names: readers, institutions, relatives, records."""
    provision = consent.get("provision") or {}
    return [
        each.get("reference") or {}
        for each in (*provision.get("actor", ()), *provision.get("data", ()))
        if (each.get("reference") or {}).get("reference")
    ]


def _title_of(chart: Chart, reading: Reading, kind: str, key: str) -> str:
    try:
        return title(reading, read(chart.store, chart.access, kind, key))
    except NotFound:
        return ""


def _read(versions: Iterable[Version]) -> list[Json]:
    return [orjson.loads(each.body or b"{}") for each in versions]


def _acts(chart: Chart) -> list[Look]:
    looks = chart.store.looks(chart.access, chart.person, MOST)
    return [look for look in looks if look.act == ACT]


def _versions(chart: Chart) -> list[Version]:
    """Every version of every Consent of the person, in the order in which they were written."""
    query = parse_query("Consent", [("patient", chart.person), ("_count", "1000")], strict=True)
    found = chart.store.search(chart.access, query).rows
    return [version for row in found for version in chart.store.history(chart.access, "Consent", row.id)]


def _in_groups(digest: str, size: int = 8) -> str:
    """A long digest in groups, so that it breaks into lines on a phone and on paper."""
    return " ".join(digest[at : at + size] for at in range(0, len(digest), size))


def _address(consent: Json) -> str:
    version = consent.get("meta", {}).get("versionId", "1")
    return f"Consent/{consent['id']}/_history/{version}"


def _crumbs(reading: Reading, by: Acting) -> list[Link]:
    words = reading.words
    return [Link(words("citizen.record"), "/me"), Link(words("certificate.back"), by.href("/me/choices"))]
