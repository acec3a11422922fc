"""`/me/certificates`: 受理證明, the receipt of each choice that was made, with the choice itself and its proof."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import NotFound
from camphora.fhir.search import parse_query
from camphora.pages import Action, Cell, Column, Link, Prose, Table, View, dates
from camphora.policy import Purpose
from camphora.records import Look, Put, Version
from camphora.web.citizen.acting import Acting, acting
from camphora.web.citizen.looked import MOST, attachment
from camphora.web.reading import Chart, Json, Reading, is_synthetic
from camphora.web.reading.desk import Desk
from camphora.web.reading.plain import moment_of
from camphora.web.reading.titles import consent_title

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
        rows: list[dict[str, Cell]] = [
            {
                "number": str(look.receipt),
                "href": by.href(f"{HERE}/{look.receipt}"),
                "when": dates.moment(moment_of(look.at), reading.lang),
                "who": look.name,
            }
            for look in _acts(by.chart)
        ]
        columns = [Column(key, words(f"certificate.column.{key}")) for key in ("number", "when", "who")]
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
        head = self.store.audit.proof(number)["head"]
        facts = {
            "what": reading.join(_said(reading, consent) for consent in consents),
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
            title=words("certificate.title"),
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
        """The receipt's proof with the Consents it was left over and the salt of their digest."""
        by, number = acting(self, request), int(request.path_params["number"])
        _, consents, salt = self._found(by.chart, number)
        body = {**self.store.audit.proof(number), "salt": salt, "consents": consents}
        return attachment(
            orjson.dumps(body, option=orjson.OPT_INDENT_2),
            "application/json",
            f"camphora-certificate-{number}.json",
        )

    def _found(self, chart: Chart, number: int) -> tuple[Look, list[Json], str]:
        """The act, the Consents as they were written by it, and the salt; NotFound where it is not this person's."""
        look = next((each for each in _acts(chart) if each.receipt == number), None)
        if look is None:
            raise NotFound("audit-no-receipt", number=number)
        groups: dict[int, list[Version]] = {}
        for version in _versions(chart):
            groups.setdefault(version.updated, []).append(version)
        alone = [[version] for group in groups.values() for version in group]
        for group in (*groups.values(), *alone):
            salt = self.store.salt_for(number, [version.body or b"" for version in group])
            if salt is not None:
                return look, [orjson.loads(version.body or b"{}") for version in group], salt
        raise NotFound("audit-no-receipt", number=number)


def _acts(chart: Chart) -> list[Look]:
    looks = chart.store.looks(chart.access, chart.person, MOST)
    return [look for look in looks if look.act == ACT]


def _versions(chart: Chart) -> list[Version]:
    """Every version of every Consent of the person, in the order in which they were written."""
    query = parse_query("Consent", [("patient", chart.person), ("_count", "1000")], strict=True)
    found = chart.store.search(chart.access, query).rows
    return [version for row in found for version in chart.store.history(chart.access, "Consent", row.id)]


def _said(reading: Reading, consent: dict[str, Any]) -> str:
    state = "made" if consent.get("status") == "active" else "ended"
    return reading.words(f"certificate.{state}", title=consent_title(reading, consent))


def _in_groups(digest: str, size: int = 8) -> str:
    """A long digest in groups, so that it breaks into lines on a phone and on paper."""
    return " ".join(digest[at : at + size] for at in range(0, len(digest), size))


def _address(consent: Json) -> str:
    version = consent.get("meta", {}).get("versionId", "1")
    return f"Consent/{consent['id']}/_history/{version}"


def _crumbs(reading: Reading, by: Acting) -> list[Link]:
    words = reading.words
    return [Link(words("citizen.record"), "/me"), Link(words("certificate.back"), by.href("/me/choices"))]
