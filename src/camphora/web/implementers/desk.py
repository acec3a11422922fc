"""What the pages for implementers share: the ways between them, and a call of the API in the reader's name."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request

from camphora.errors import NotFound
from camphora.pages import Link
from camphora.pages.words import Words
from camphora.policy import Access
from camphora.web.fhir.call import Api, Call
from camphora.web.fhir.interactions import is_kept
from camphora.web.fhir.negotiation import Pairs, Wish
from camphora.web.reading.desk import Desk
from camphora.web.site import Site

HOME = "/implementers"
USUAL = "Patient"


class Implementing(Desk):
    """One part of the pages for implementers."""

    def type_of(self, request: Request) -> str:
        """The type that the address names. Raises `NotFound` for one that is not kept."""
        name = str(request.path_params["type"])
        if not is_kept(name):
            raise NotFound("web-fhir-no-type")
        return name


class Asking(Implementing):
    """A part that asks the API itself, so that what it shows is what a program would get."""

    def __init__(self, site: Site, api: Api) -> None:
        super().__init__(site)
        self.api = api

    def call(self, request: Request, access: Access, pairs: Pairs) -> Call:
        words = self.site.words(request)
        base = self.api.base or f"{self.api.base_of(request)}/fhir"
        return Call(self.api, access, base.rstrip("/"), Wish(lang=words.lang, pairs=pairs, strict=True))


def ways(words: Words, record_type: str = USUAL) -> Sequence[Link]:
    """The ways between the pages, the same on each."""
    return [
        Link(words("implementers.way.types"), HOME),
        Link(words("implementers.way.search"), f"{HOME}/search/{record_type}"),
        Link(words("implementers.way.validate"), f"{HOME}/validate"),
    ]
