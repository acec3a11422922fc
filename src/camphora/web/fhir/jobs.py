"""The steps of work that runs behind (`$export`, `$import`): each asked under the Access of its own request."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from starlette.requests import Request

from camphora.policy import Access
from camphora.web.fhir.call import Api

Keeping = TypeVar("Keeping")
T = TypeVar("T")


async def asked(
    api: Api, request: Request, keeping: Callable[[Api], Keeping], ask: Callable[[Keeping, Access], T]
) -> T:
    """What those who keep the jobs answer, in a thread of ours. Raises what they raise, and what `keeping` raises where
    this server has none."""

    def answered() -> T:
        access = api.access(request)
        return ask(keeping(api), access)

    return await api.calls.do(answered)


def name(request: Request) -> str:
    """The job of an address."""
    return str(request.path_params["job"])
