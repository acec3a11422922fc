"""Compiled when first called: numba, whose import costs 60 MB and a second, is not loaded by who only reads results."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any, ParamSpec, Protocol, TypeVar, cast

P = ParamSpec("P")
T = TypeVar("T")


class Compiled:
    """A function that numba compiles at its first call, or where another compiled function calls it. `py_func`: as it
    is written, as numba's have it."""

    def __init__(self, function: Callable[..., Any], options: dict[str, Any]) -> None:
        update_wrapper(self, function)
        self.py_func, self._options = function, options

    def __call__(self, *given: Any) -> Any:
        return self.dispatcher(*given)

    @cached_property
    def dispatcher(self) -> Any:
        """numba's own."""
        import numba
        from numba.core import types
        from numba.extending import typeof_impl

        typeof_impl.register(Compiled)(lambda found, _: types.Dispatcher(found.dispatcher))
        return numba.njit(**self._options)(self.py_func)


class _Kept(Protocol):
    def __call__(self, function: Callable[P, T], /) -> Callable[P, T]: ...


def njit(**options: Any) -> _Kept:
    """As numba's."""

    def compiled(function: Callable[P, T]) -> Callable[P, T]:
        return cast("Callable[P, T]", Compiled(function, options))

    return compiled
