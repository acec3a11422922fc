"""A view at its own address, and as a file at the same address with .csv, .xlsx, .json or .parquet behind it."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute

from camphora.errors import NotFound
from camphora.pages import View
from camphora.policy.paths import Reach
from camphora.web.contexts import Facet, Form
from camphora.web.downloads import MEDIA, encode, named_table, origin_of
from camphora.web.site import Nav, Site, get

Value = TypeVar("Value")
PLAIN = re.compile(r"[A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """A view with what its files say: ISO date of the data, licence, and the parameters that made it."""

    view: View
    as_of: str = ""
    licence: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    """What files are called; the view's name where empty."""


@dataclass(frozen=True, slots=True)
class Finder:
    """A search box above a view (GET, `q`)."""

    action: str
    query: str
    label: str
    hint: str


class Kept(Generic[Value]):
    """The answers of the last keys, so that a page is built once until its data or its words change."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._answers: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The kept answer of a key, or a new one. Two threads may both make it; either is right."""
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        made = make()
        with self._lock:
            self._answers[key] = made
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)
        return made


def view_routes(
    site: Site,
    path: str,
    make: Callable[[Request], Shown],
    name: str,
    reach: Reach,
    *,
    nav: Nav = "open",
    page: Callable[[Request], Response] | None = None,
) -> list[BaseRoute]:
    """The page of a view and its four files; `page` where the page is more than the view."""

    def shown(request: Request) -> Response:
        return site.view(request, make(request).view, nav=nav)

    def file(request: Request) -> Response:
        form = str(request.path_params["form"])
        require_form(form)
        return as_file(site, request, make(request), form)

    return [
        get(f"{path}.{{form}}", file, f"{name}.download", reach, "download"),
        get(path, page or shown, name, reach),
    ]


def require_form(form: str) -> None:
    """NotFound `pages-no-such-form` before anything is read."""
    if form not in MEDIA:
        raise NotFound("pages-no-such-form", form=form)


def as_file(site: Site, request: Request, shown: Shown, form: str) -> Response:
    """The table that the view offers, as a file that says its view, parameters and date in its name."""
    table = named_table(shown.view)
    path = request.url.path.removesuffix(f".{form}")
    origin = origin_of(
        shown.view, table, licence=shown.licence, address=str(request.url.replace(path=path, fragment=""))
    )
    body = encode(form, table, origin, site.lang(request))
    disposition = f'attachment; filename="{file_name(shown)}.{form}"'
    return Response(body, media_type=MEDIA[form], headers={"content-disposition": disposition})


def file_name(shown: Shown) -> str:
    """nurse_ratio-overview-2024-03-2024-12-31: the view, its plain parameters, the date of its data."""
    parts = [shown.name or shown.view.name, *shown.parameters.values(), shown.as_of]
    if shown.view.badge == "synthetic":
        parts.append("synthetic")
    return "-".join(part for part in parts if PLAIN.fullmatch(part))


def found_page(
    site: Site, request: Request, view: View, finder: Finder, *, facets: tuple[Facet, ...] = (), nav: Nav = ""
) -> Response:
    """A view with a search box above its blocks."""
    values = {"view": view, "finder": finder, "facets": facets}
    return _page(site, request, "found.html", values, nav)


def filtered_page(site: Site, request: Request, view: View, form: Form, *, nav: Nav = "open") -> Response:
    """A view with the parameters of its address as a form."""
    return _page(site, request, "filtered.html", {"view": view, "form": form}, nav)


def _page(site: Site, request: Request, template: str, values: Mapping[str, object], nav: Nav) -> Response:
    chrome = site.chrome(request, nav=nav)
    return HTMLResponse(site.renderer.page(template, lang=chrome.lang, chrome=chrome, **values))
