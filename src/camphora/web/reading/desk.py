"""What the handlers of the citizen's and the clinician's pages share: who reads, whose record, in which words."""

from __future__ import annotations

from starlette.requests import Request

from camphora.policy import Access, Purpose, Role
from camphora.records import SQLiteStore
from camphora.web.reading.chart import Chart
from camphora.web.reading.plain import Reading, today
from camphora.web.site import Site


class Desk:
    """One part of the portal over one installation."""

    def __init__(self, site: Site) -> None:
        self.site = site

    @property
    def store(self) -> SQLiteStore:
        return self.site.installation.store

    def reading(self, request: Request) -> Reading:
        return Reading(self.site.words(request), self.site.installation.terminology, today())

    def own(self, request: Request) -> Chart:
        """The signed-in person's own record."""
        access = self.site.access(request, Purpose.SELF)
        return self.chart(access, str(access.reader.person))

    def of_relative(self, request: Request, person: str) -> Chart:
        """The record of somebody who let the signed-in person in; `Forbidden gate-not-let-in` otherwise."""
        return self.chart(self.site.access(request, Purpose.SELF, person), person)

    def chart(self, access: Access, person: str) -> Chart:
        return Chart(self.store, access, person)

    def purpose(self, request: Request) -> Purpose:
        """What single records may be opened for: a citizen's own reading, otherwise care."""
        return Purpose.SELF if self.site.reader(request).role is Role.CITIZEN else Purpose.CARE

    def why(self, request: Request, purpose: Purpose, person: str | None = None) -> str:
        """Why this reader may see it: the decision's reasons, each with its law."""
        words = self.site.words(request)
        decision = self.site.installation.gate.decide(self.site.reader(request), purpose, person)
        return words("mark.reason").join(
            words("reason.sourced", text=words(f"reason.{reason.code}"), source=source)
            if (source := _source(request, self.site, reason.source))
            else words(f"reason.{reason.code}")
            for reason in decision.reasons
        )


def _source(request: Request, site: Site, source: str) -> str:
    """The law as it is cited; its English name where there is one."""
    words = site.words(request)
    if f"law.{source}" in words:
        return words(f"law.{source}")
    return site.installation.gate.policy.law(source, words.lang)
