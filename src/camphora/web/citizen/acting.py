"""Whose choices are made: one's own, or those of a person for whom a guardian or a proxy acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from camphora.errors import Forbidden
from camphora.policy.choices import given_by
from camphora.web.contexts import Field
from camphora.web.reading import Chart, Json
from camphora.web.reading.desk import Desk

STAND_INS = frozenset({"guardian", "proxy"})


@dataclass(frozen=True, slots=True)
class Acting:
    """The chart of the person whose choices these are, and who makes them where that is somebody else."""

    chart: Chart
    performer: str = ""

    @property
    def for_another(self) -> bool:
        return bool(self.performer)

    def href(self, path: str, **values: str) -> str:
        """An address that keeps for whom one acts."""
        kept = {**values, "for": self.chart.person} if self.for_another else values
        return f"{path}?{urlencode(kept)}" if kept else path

    def fields(self) -> list[Field]:
        """What a form carries along."""
        return [Field("for", "", "hidden", value=self.chart.person)] if self.for_another else []

    def given(self, consent: Json) -> Json:
        """The Consent as given by whoever acts."""
        return given_by(consent, self.performer) if self.for_another else consent


def acting(desk: Desk, request: Request, form: Mapping[str, Any] | None = None) -> Acting:
    """For whom the request acts. Forbidden `gate-not-guardian` where the reader may look for a person but not act."""
    person = str((request.query_params if form is None else form).get("for", ""))
    if not person or person == desk.site.reader(request).person:
        return Acting(desk.own(request))
    chart = desk.of_relative(request, person)
    if chart.access.ground not in STAND_INS:
        raise Forbidden("gate-not-guardian")
    return Acting(chart, f"Patient/{chart.access.reader.person}")
