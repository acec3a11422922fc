"""Units of measure: UCUM expressions read, compared and converted (https://ucum.org/ucum).

A unit is a factor and the powers of base units, so that `mg/dL` and `g/L` are known to measure one thing. The
table holds the units that clinical data use; facts of UCUM, written in our own compact form. Special units whose
function rises (temperatures, logarithmic units) are converted through it; those whose function falls (pH, homeopathic
potencies) or that are a slope convert only to themselves, so that greater stays greater.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

EXACT = Context(prec=34)
LONGEST, DEEPEST, HIGHEST = 200, 20, 60
"""Letters of a unit, nested brackets, and the highest power."""

PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1, "d": -1, "c": -2,
    "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4}
BASE = ("m", "s", "g", "rad", "K", "C", "cd")
METRIC = {
    "mol": "6.0221367e23", "sr": "1 rad2", "Hz": "1 s-1", "N": "1000 g.m.s-2", "Pa": "1000 g.m-1.s-2",
    "J": "1000 g.m2.s-2", "W": "1000 g.m2.s-3", "A": "1 C.s-1", "V": "1000 g.m2.s-2.C-1",
    "F": "0.001 g-1.m-2.s2.C2", "Ohm": "1000 g.m2.s-1.C-2", "S": "0.001 g-1.m-2.s.C2", "Wb": "1000 g.m2.s-1.C-1",
    "T": "1000 g.s-1.C-1", "H": "1000 g.m2.C-2", "lm": "1 cd.sr", "lx": "1 cd.sr.m-2", "Bq": "1 s-1",
    "Gy": "1 m2.s-2", "Sv": "1 m2.s-2", "l": "0.001 m3", "L": "0.001 m3", "t": "1e6 g", "ar": "100 m2",
    "bar": "1e8 g.m-1.s-2", "u": "1.6605402e-24 g", "eV": "1.60217733e-16 g.m2.s-2", "pc": "3.085678e16 m",
    "cal": "4.184 J", "cal_th": "4.184 J", "[Cal]": "4184 J", "cal_IT": "4.1868 J", "cal_m": "4.19002 J",
    "G": "1e-4 T", "dyn": "1e-5 N", "erg": "1e-7 J", "P": "0.1 Pa.s", "St": "1e-4 m2.s-1", "Ci": "3.7e10 Bq",
    "R": "2.58e-4 C.kg-1", "RAD": "0.01 Gy", "REM": "0.01 Sv", "Gal": "0.01 m.s-2", "kat": "1 mol.s-1",
    "U": "1 umol.min-1", "eq": "1 mol", "osm": "1 mol", "g%": "10 g.L-1", "m[H2O]": "9806.65 Pa",
    "m[Hg]": "133322 Pa", "mho": "1 S", "bit": "1", "By": "8 bit", "Bd": "1 s-1", "st": "1 m3",
    "[iU]": "1 [iU]", "[IU]": "1 [iU]", "cal_[15]": "4.1858 J", "cal_[20]": "4.1819 J", "Bi": "10 A",
    "Gb": "7.957747154594766788444188168625718e-1 A", "Oe": "79.57747154594766788444188168625718 A/m",
    "Ky": "1 cm-1", "Mx": "1e-8 Wb", "ph": "1e4 lx", "Lmb": "3183.098861837906715377675267450287 cd.m-2",
    "[ly]": "9460730472580800 m",
}  # fmt: skip
OTHER = {
    "10*": "10", "10^": "10", "[pi]": "3.1415926535897932384626433832795", "%": "0.01", "[ppth]": "1e-3",
    "[ppm]": "1e-6", "[ppb]": "1e-9", "[pptr]": "1e-12", "min": "60 s", "h": "3600 s", "d": "86400 s",
    "wk": "604800 s", "a": "31557600 s", "a_j": "31557600 s", "a_t": "31556925.216 s", "a_g": "31556952 s",
    "mo": "2629800 s", "mo_j": "2629800 s", "mo_s": "2551442.976 s", "mo_g": "2629746 s",
    "deg": "0.017453292519943295769236907684886 rad", "'": "1 deg/60", "''": "1 deg/3600",
    "gon": "0.9 deg", "circ": "6.283185307179586476925286766559 rad", "sph": "12.566370614359172953850573533118 sr",
    "atm": "101325 Pa", "AU": "149597870691 m", "Ao": "1e-10 m", "b": "1e-28 m2",
    "[in_i]": "0.0254 m", "[ft_i]": "0.3048 m", "[yd_i]": "0.9144 m", "[mi_i]": "1609.344 m", "[nmi_i]": "1852 m",
    "[kn_i]": "1 [nmi_i]/h", "[fth_i]": "1.8288 m", "[mil_i]": "2.54e-5 m", "[hd_i]": "0.1016 m",
    "[sin_i]": "6.4516e-4 m2", "[sft_i]": "0.09290304 m2", "[syd_i]": "0.83612736 m2", "[cin_i]": "1.6387064e-5 m3",
    "[cft_i]": "0.028316846592 m3", "[cyd_i]": "0.764554857984 m3", "[acr_us]": "4046.872609874252 m2",
    "[gal_us]": "0.003785411784 m3", "[bbl_us]": "0.158987294928 m3", "[qt_us]": "9.46352946e-4 m3",
    "[pt_us]": "4.73176473e-4 m3", "[gil_us]": "1.1829411825e-4 m3", "[foz_us]": "2.95735295625e-5 m3",
    "[fdr_us]": "3.6966911953125e-6 m3", "[min_us]": "6.1611519921875e-8 m3", "[tbs_us]": "1.478676478125e-5 m3",
    "[tsp_us]": "4.92892159375e-6 m3", "[cup_us]": "2.365882365e-4 m3", "[foz_m]": "3e-5 m3", "[cup_m]": "2.4e-4 m3",
    "[tsp_m]": "5e-6 m3", "[tbs_m]": "1.5e-5 m3", "[gal_br]": "4.54609e-3 m3", "[pt_br]": "5.6826125e-4 m3",
    "[foz_br]": "2.84130625e-5 m3", "[gr]": "0.06479891 g", "[lb_av]": "453.59237 g", "[oz_av]": "28.349523125 g",
    "[dr_av]": "1.7718451953125 g", "[scwt_av]": "45359.237 g", "[lcwt_av]": "50802.34544 g",
    "[ston_av]": "907184.74 g", "[lton_av]": "1016046.9088 g", "[stone_av]": "6350.29318 g", "[oz_tr]": "31.1034768 g",
    "[lb_tr]": "373.2417216 g", "[pwt_tr]": "1.55517384 g", "[sc_ap]": "1.2959782 g", "[dr_ap]": "3.8879346 g",
    "[oz_ap]": "31.1034768 g", "[lb_ap]": "373.2417216 g", "[lbf_av]": "4.4482216152605 N",
    "[psi]": "6894.757293168361336722673445346890693781 Pa", "[in_i'H2O]": "249.08891 Pa", "[in_i'Hg]": "3386.3788 Pa",
    "[Btu_IT]": "1055.05585262 J", "[Btu]": "1055.06 J", "[HP]": "745.6998715822702 W", "[c]": "299792458 m.s-1",
    "[g]": "9.80665 m.s-2", "gf": "0.00980665 N", "[degR]": "0.5555555555555555555555555555555556 K",
    "[drp]": "5e-8 m3", "[Ch]": "3.333333333333333333333333333333333e-4 m", "[diop]": "1 m-1",
    "[mesh_i]": "39.37007874015748031496062992125984 m-1", "[car_m]": "0.2 g", "[car_Au]": "0.04166666666666666667",
    "[ft_us]": "0.3048006096012192024384048768097536 m", "[in_us]": "1 [ft_us]/12", "[yd_us]": "3 [ft_us]",
    "[rd_us]": "16.5 [ft_us]", "[ch_us]": "4 [rd_us]", "[lk_us]": "1 [ch_us]/100", "[rch_us]": "100 [ft_us]",
    "[rlk_us]": "1 [rch_us]/100", "[fth_us]": "6 [ft_us]", "[fur_us]": "40 [rd_us]", "[mi_us]": "8 [fur_us]",
    "[mil_us]": "1e-3 [in_us]", "[srd_us]": "1 [rd_us]2", "[smi_us]": "1 [mi_us]2", "[sct]": "1 [mi_us]2",
    "[twp]": "36 [sct]", "[in_br]": "0.02539998 m", "[ft_br]": "12 [in_br]", "[rd_br]": "16.5 [ft_br]",
    "[ch_br]": "4 [rd_br]", "[lk_br]": "1 [ch_br]/100", "[fth_br]": "6 [ft_br]", "[pc_br]": "2.5 [ft_br]",
    "[yd_br]": "3 [ft_br]", "[mi_br]": "5280 [ft_br]", "[nmi_br]": "6080 [ft_br]", "[kn_br]": "1 [nmi_br]/h",
    "[acr_br]": "4840 [yd_br]2", "[cml_i]": "0.7853981633974483096156608458198757 [mil_i]2",
    "[bf_i]": "144 [cin_i]", "[cr_i]": "128 [cft_i]", "[crd_us]": "128 [cft_i]", "[bu_us]": "2150.42 [cin_i]",
    "[gal_wi]": "1 [bu_us]/8", "[pk_us]": "1 [bu_us]/4", "[dqt_us]": "1 [pk_us]/8", "[dpt_us]": "1 [dqt_us]/2",
    "[pk_br]": "2 [gal_br]", "[bu_br]": "4 [pk_br]", "[qt_br]": "1 [gal_br]/4", "[gil_br]": "1 [pt_br]/4",
    "[fdr_br]": "1 [foz_br]/8", "[min_br]": "1 [fdr_br]/60", "[lne]": "1 [in_i]/12", "[pnt]": "1 [lne]/6",
    "[pca]": "12 [pnt]", "[pnt_pr]": "0.013837 [in_i]", "[pca_pr]": "12 [pnt_pr]", "[pied]": "0.3248 m",
    "[pouce]": "1 [pied]/12", "[ligne]": "1 [pouce]/12", "[didot]": "1 [ligne]/6", "[cicero]": "12 [didot]",
    "[h]": "6.6260755e-34 J.s", "[k]": "1.380658e-23 J/K", "[eps_0]": "8.854187817e-12 F/m",
    "[mu_0]": "1.2566370614359172953850573533118e-6 N/A2", "[e]": "1.60217733e-19 C", "[m_e]": "9.1093897e-28 g",
    "[m_p]": "1.6726231e-24 g", "[G]": "6.67259e-11 m3.kg-1.s-2", "att": "98066.5 Pa", "sb": "10000 cd.m-2",
    "[Btu_39]": "1.05967 kJ", "[Btu_59]": "1.0548 kJ", "[Btu_60]": "1.05468 kJ", "[Btu_m]": "1.05587 kJ",
    "[Btu_th]": "1.054350 kJ", "[smoot]": "1.7018 m", "[MET]": "3.5 mL.min-1.kg-1",
    "[HPF]": "1", "[LPF]": "100", "kgf": "9.80665 N",
}  # fmt: skip
ARBITRARY = frozenset(
    (  # noqa: SIM905 - one word after the other reads best
        "[arb'U] [USP'U] [GPL'U] [MPL'U] [APL'U] [beth'U] [anti'Xa'U] [todd'U] [dye'U] [smgy'U] [bdsk'U] "
        "[ka'U] [knk'U] [mclg'U] [tb'U] [CCID_50] [TCID_50] [EID_50] [PFU] [FFU] [CFU] [IR] [BAU] [AU] "
        "[Amb'a'1'U] [PNU] [Lf] [D'ag'U] [FEU] [ELU] [EU] [iU] [hp'_X] [hp'_C] [hp'_M] [hp'_Q] [hp_X] [hp_C] "
        "[hp_M] [hp_Q] [kp_X] [kp_C] [S] [Hn] [hnsf'U] pH [pH] [PRU] [NTU] [FNU] "
        "[p'diop] B[SPL] B[V] B[mV] B[uV] B[W] B[kW] B[10.nV] B Np [m/s2/Hz^0.5] [HP_X] [HP_C] bit_s %[slope]"
    ).split()
)
_METRIC_ARBITRARY = frozenset({"[iU]", "[IU]", "[EU]", "Np", "B", "[arb'U]", "[CFU]"})
_NOTE = re.compile(r"\{[^{}]*\}\Z")
_PART = re.compile(
    r"(?P<open>\()|(?P<close>\))|(?P<times>\.)|(?P<over>/)"
    r"|(?P<ten>10[*^])(?P<power>[+-]?\d+)?"
    r"|(?P<count>\d+)(?![*^\d])"
    r"|(?P<note>\{[ -z|~]*\})"
    r"|(?P<atom>(?:[A-Za-z%_'\"*^]|\[[^\[\]{}\s]*\]|(?<=[A-Za-z_])\d(?=_))+)(?P<exponent>[+-]?\d+)?"
)


class Unit(NamedTuple):
    """`factor` times the product of the base units with their powers."""

    factor: Decimal
    powers: tuple[tuple[str, int], ...]

    def times(self, other: Unit, sign: int = 1) -> Unit:
        powers = dict(self.powers)
        for name, power in other.powers:
            powers[name] = powers.get(name, 0) + sign * power
        join = EXACT.multiply if sign > 0 else EXACT.divide
        return Unit(join(self.factor, other.factor), _sorted(powers))

    def to_the(self, power: int) -> Unit:
        return Unit(
            EXACT.power(self.factor, power), _sorted({name: one * power for name, one in self.powers})
        )


ONE = Unit(Decimal(1), ())


def _sorted(powers: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((name, power) for name, power in powers.items() if power))


@lru_cache(maxsize=2048)
def unit(text: str) -> Unit | None:
    """What a UCUM expression means; None where it is none, or of units that this table does not hold."""
    if len(text) > LONGEST:
        return None
    try:
        return _Reader(text).whole()
    except (ValueError, ArithmeticError):
        return None


def comparable(left: str, right: str) -> bool:
    """Whether both units measure the same kind of thing."""
    return convert(Decimal(1), left, right) is not None


def convert(value: Decimal, source: str, target: str) -> Decimal | None:
    """`value` in another unit; None where the units are unknown or measure different things."""
    if source == target:
        return value
    a, b = scale(source), scale(target)
    if a is None or b is None or a.base != b.base:
        return None
    try:
        if a.special or b.special:
            return b.out_of(a.into(value))
        return EXACT.divide(EXACT.multiply(value, a.factor), b.factor)
    except ArithmeticError:
        return None


def canonical(value: Decimal, code: str) -> tuple[Decimal, str] | None:
    """`value` in the base units of UCUM and those written as one text (`g.m-3`; `1` where there are none), one for all
    units that measure the same thing; None where the unit is unknown or the value too large for its function."""
    found = scale(code)
    try:
        return (found.into(value), found.base) if found else None
    except ArithmeticError:
        return None


class Special(NamedTuple):
    """A unit that is a rising function of another: `into` gives the amount of `proper`, `out_of` its inverse."""

    proper: str
    into: Callable[[Decimal], Decimal]
    out_of: Callable[[Decimal], Decimal]
    metric: bool = True


def _temperature(factor: Decimal, zero: str, *, metric: bool = False) -> Special:
    """Kelvin = factor × (value + zero)."""
    shift = Decimal(zero)
    return Special(
        "K",
        lambda value: EXACT.multiply(factor, EXACT.add(value, shift)),
        lambda kelvin: EXACT.subtract(EXACT.divide(kelvin, factor), shift),
        metric,
    )


def _decades(proper: str, each: int) -> Special:
    """`each` times the decimal logarithm."""
    return Special(
        proper,
        lambda value: EXACT.power(10, EXACT.divide(value, each)),
        lambda value: EXACT.multiply(each, EXACT.log10(value)),
    )


SPECIAL = {
    "Cel": _temperature(Decimal(1), "273.15", metric=True),
    "[degF]": _temperature(EXACT.divide(5, 9), "459.67"),
    "[degRe]": _temperature(Decimal("1.25"), "218.52"),
    "Np": Special("1", EXACT.exp, EXACT.ln),
    "B": _decades("1", 1),
    "B[SPL]": _decades("20.uPa", 2),
    **{f"B[{volt}]": _decades(volt, 2) for volt in ("V", "mV", "uV", "10.nV")},
    **{f"B[{watt}]": _decades(watt, 1) for watt in ("W", "kW")},
    "bit_s": Special("1", lambda value: EXACT.power(2, value), lambda n: EXACT.divide(EXACT.ln(n), EXACT.ln(2))),
    "[m/s2/Hz^0.5]": Special("m2/s4/Hz", lambda value: EXACT.multiply(value, value), EXACT.sqrt, metric=False),
}  # fmt: skip


class Scale(NamedTuple):
    """How amounts of a unit become amounts of `base`: the base units and their powers as one text."""

    base: str
    factor: Decimal
    special: Special | None = None
    step: Decimal = Decimal(1)
    """What the prefix of a special unit multiplies its amounts by."""

    def into(self, value: Decimal) -> Decimal:
        inner = self.special.into(EXACT.multiply(value, self.step)) if self.special else value
        return EXACT.multiply(inner, self.factor)

    def out_of(self, value: Decimal) -> Decimal:
        inner = EXACT.divide(value, self.factor)
        return EXACT.divide(self.special.out_of(inner), self.step) if self.special else inner


@lru_cache(maxsize=2048)
def scale(text: str) -> Scale | None:
    """The scale of a unit; None where it is unknown. A special unit stands alone, or with a prefix or a note."""
    if len(text) > LONGEST:
        return None
    bare = _NOTE.sub("", text)
    special, step = SPECIAL.get(bare), Decimal(1)
    if special is None:
        special = SPECIAL.get(bare[1:])
        if special is None or not special.metric or bare[0] not in PREFIXES:
            return _linear(unit(text))
        step = Decimal(1).scaleb(PREFIXES[bare[0]])
    proper = _linear(unit(special.proper))
    return proper and proper._replace(special=special, step=step)


def _linear(found: Unit | None) -> Scale | None:
    if found is None:
        return None
    powers = (name if power == 1 else f"{name}{power}" for name, power in found.powers)
    return Scale(".".join(powers) or "1", found.factor)


class _Reader:
    """Reads `term`s: components joined by `.` and `/`, grouped by brackets."""

    def __init__(self, text: str) -> None:
        self.parts = self._cut(text)
        self.next = 0
        self.depth = 0

    @staticmethod
    def _cut(text: str) -> list[re.Match[str]]:
        parts, at = [], 0
        while at < len(text):
            found = _PART.match(text, at)
            if not found:
                raise ValueError(text)
            parts.append(found)
            at = found.end()
        return parts

    def peek(self) -> str:
        return (self.parts[self.next].lastgroup or "") if self.next < len(self.parts) else "end"

    def kind(self) -> str:
        kind = self.peek()
        return {"power": "ten", "exponent": "atom"}.get(kind, kind)

    def whole(self) -> Unit:
        found = self.term()
        if self.kind() != "end":
            raise ValueError
        return found

    def term(self) -> Unit:
        self.depth += 1
        if self.depth > DEEPEST:
            raise ValueError
        sign = -1 if self.kind() == "over" else 1
        if sign < 0:
            self.next += 1
        found = ONE.times(self.component(), sign)
        while self.kind() in {"times", "over"}:
            sign = 1 if self.kind() == "times" else -1
            self.next += 1
            found = found.times(self.component(), sign)
        self.depth -= 1
        return found

    def component(self) -> Unit:
        kind = self.kind()
        if kind == "end":
            raise ValueError
        part = self.parts[self.next]
        self.next += 1
        if kind == "note":
            return ONE
        found = self.closed() if kind == "open" else _amount(kind, part)
        if self.kind() == "note":
            self.next += 1
        return found

    def closed(self) -> Unit:
        found = self.term()
        if self.kind() != "close":
            raise ValueError
        self.next += 1
        return found


def _amount(kind: str, part: re.Match[str]) -> Unit:
    if kind == "count":
        return Unit(Decimal(part["count"]), ())
    if kind not in {"ten", "atom"}:
        raise ValueError
    power = int((part["power"] if kind == "ten" else part["exponent"]) or 1)
    if abs(power) > HIGHEST:
        raise ValueError
    return (Unit(Decimal(10), ()) if kind == "ten" else _atom(part["atom"])).to_the(power)


@lru_cache(maxsize=1024)
def _atom(name: str) -> Unit:
    known = _known(name)
    if known:
        return known
    for prefix in (name[:2], name[:1]):
        rest = name[len(prefix) :]
        if prefix in PREFIXES and (rest in BASE or rest in METRIC or rest in _METRIC_ARBITRARY):
            return Unit(Decimal(1).scaleb(PREFIXES[prefix]), ()).times(_known(rest) or ONE)
        if prefix in BINARY and rest in {"bit", "By"}:
            return Unit(Decimal(1024) ** BINARY[prefix], ()).times(_known(rest) or ONE)
    raise ValueError(name)


def _known(name: str) -> Unit | None:
    if name in BASE:
        return Unit(Decimal(1), ((name, 1),))
    if name in {"[iU]", "[IU]"}:
        return Unit(Decimal(1), (("[iU]", 1),))
    if name in ARBITRARY or name in SPECIAL:
        return Unit(Decimal(1), ((name, 1),))
    said = METRIC.get(name) or OTHER.get(name)
    if said is None:
        return None
    factor, _, rest = said.partition(" ")
    inner = _Reader(rest).whole() if rest else ONE
    return Unit(Decimal(factor), ()).times(inner)
