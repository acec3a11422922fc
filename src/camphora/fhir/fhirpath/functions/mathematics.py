"""Numbers (https://hl7.org/fhirpath/N1/#math); what cannot be computed is empty."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, DecimalException

from camphora.fhir.fhirpath.functions.registry import function, several
from camphora.fhir.fhirpath.functions.taking import amount, integer, number
from camphora.fhir.fhirpath.quantities import Quantity
from camphora.fhir.fhirpath.running import Collection, Frame

WIDE = Context(prec=40, Emax=999, Emin=-999)
USUAL = Context(prec=28, Emax=999, Emin=-999)
INTEGERS = range(-(2**31), 2**31)


def whole(value: Decimal) -> Collection:
    """An integer, empty where it has more than 32 bits."""
    found = int(value)
    return [found] if found in INTEGERS else []


def _to_integer(rounding: str) -> Callable[..., Collection]:
    def run(_: Frame, source: Collection) -> Collection:
        value = number(source)
        return [] if value is None else whole(Decimal(value).to_integral_value(rounding))

    return run


several(
    {
        "ceiling": _to_integer(ROUND_CEILING),
        "floor": _to_integer(ROUND_FLOOR),
        "truncate": _to_integer(ROUND_DOWN),
    },
    takes="Integer Decimal", gives="Integer",
)  # fmt: skip


def _to_decimal(compute: Callable[[Decimal], Decimal]) -> Callable[..., Collection]:
    def run(frame: Frame, source: Collection) -> Collection:
        value = number(source)
        frame.run.spend(20)
        return [] if value is None else [*_computed(lambda: compute(Decimal(value)))]

    return run


several(
    {"exp": _to_decimal(WIDE.exp), "ln": _to_decimal(WIDE.ln), "sqrt": _to_decimal(WIDE.sqrt)},
    takes="Integer Decimal", gives="Decimal",
)  # fmt: skip


def _computed(compute: Callable[[], Decimal]) -> list[Decimal]:
    try:
        value = USUAL.plus(compute())
    except DecimalException:
        return []
    return [value] if value.is_finite() else []


@function("abs", takes="Integer Decimal Quantity", gives="")
def absolute(_: Frame, source: Collection) -> Collection:
    value = amount(source)
    if isinstance(value, Quantity):
        return [Quantity(abs(value.value), value.unit, value.calendar)]
    return [] if value is None else [value if value >= 0 else -value]


@function("log", (1, 1), takes="Integer Decimal", gives="Decimal")
def log(frame: Frame, source: Collection, base: Collection) -> Collection:
    value, of = number(source), number(base)
    frame.run.spend(20)
    if value is None or of is None:
        return []
    return [*_computed(lambda: WIDE.divide(WIDE.ln(Decimal(value)), WIDE.ln(Decimal(of))))]


@function("power", (1, 1), takes="Integer Decimal", gives="?")
def power(frame: Frame, source: Collection, exponent: Collection) -> Collection:
    value, to = number(source), number(exponent)
    frame.run.spend(20)
    if value is None or to is None:
        return []
    found = _computed(lambda: WIDE.power(Decimal(value), Decimal(to)))
    if found and isinstance(value, int) and isinstance(to, int) and to >= 0:
        return whole(found[0])
    return [*found]


@function("round", (0, 1), takes="Integer Decimal", gives="Decimal")
def rounded(_: Frame, source: Collection, digits: Collection | None = None) -> Collection:
    value = number(source)
    places = (integer(digits) if digits is not None else 0) or 0
    if value is None or not 0 <= places <= 28:
        return []
    return [*_computed(lambda: Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, WIDE))]
