"""The coded things of the synthetic Taiwan, each as the FHIR value it becomes, built once.

Values are shared between resources: treat what comes out as read-only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from camphora.synth.places import rows

Json = dict[str, Any]

TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/"
PROFILE = TWCORE + "StructureDefinition/"
ICD = TWCORE + "CodeSystem/icd-10-cm-2023-tw"
FEE = TWCORE + "CodeSystem/medical-service-payment-tw"
DRUG = TWCORE + "CodeSystem/medication-nhi-tw"
DEPARTMENT = TWCORE + "CodeSystem/medical-consultation-department-nhi-tw"
FREQUENCY = TWCORE + "CodeSystem/medication-frequency-nhi-tw"
ROUTE = TWCORE + "CodeSystem/medication-path-tw"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ATC = "http://www.whocc.no/atc"
CVX = "http://hl7.org/fhir/sid/cvx"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
SCREENING = "urn:camphora:screening"
PROCEDURE = "urn:camphora:procedure"
PANEL = "urn:camphora:panel"
TAG = {"system": "urn:camphora:data-kind", "code": "synthetic", "display": "合成資料"}

LABELS = {
    "PSY": "psychiatry disorder information sensitivity",
    "ETH": "substance abuse information sensitivity",
    "HIV": "HIV/AIDS information sensitivity",
    "SEX": "sexuality and reproductive health information sensitivity",
    "SDV": "sexual assault, abuse, or domestic violence information sensitivity",
}

DEPARTMENTS = {
    "01": "家醫科", "03": "外科", "04": "兒科", "05": "婦產科", "06": "骨科", "08": "泌尿科",
    "09": "耳鼻喉科", "10": "眼科", "11": "皮膚科", "12": "神經科", "13": "精神科", "14": "復健科",
    "22": "急診醫學科", "40": "牙科", "AA": "消化內科", "AB": "心臟血管內科", "AC": "胸腔內科",
    "AD": "腎臟內科", "AE": "風濕免疫科", "AF": "血液腫瘤科", "AG": "內分泌科", "AH": "感染科",
    "BA": "直腸外科",
}  # fmt: skip
"""NHI consultation departments used here (TW Core code system, CC0)."""


def coding(system: str, code: str, display: str = "") -> Json:
    return (
        {"system": system, "code": code, "display": display} if display else {"system": system, "code": code}
    )


def concept(system: str, code: str, display: str = "", text: str = "") -> Json:
    value: Json = {"coding": [coding(system, code, display)]}
    if text:
        value["text"] = text
    return value


def hl7(name: str, code: str) -> Json:
    """A concept of one of HL7's own code systems."""
    return concept(f"http://terminology.hl7.org/CodeSystem/{name}", code)


@cache
def meta(profile: str, label: str = "") -> Json:
    """Meta with TW Core profile (none where TW Core has none), the tag 合成資料 and a sensitivity label."""
    value: Json = {"tag": [TAG]}
    if profile:
        value["profile"] = [f"{PROFILE}{profile}-twcore"]
    if label:
        value["security"] = [coding(ACT, label, LABELS[label])]
    return value


def _service_type(department: str) -> Json:
    if department in OPEN_DEPARTMENTS:
        return concept(DEPARTMENT, department, DEPARTMENTS[department], DEPARTMENTS[department])
    return {"text": DEPARTMENTS[department]}


OPEN_DEPARTMENTS = {"AC", "AF"}
"""Of the departments used here, those that TW Core 0.3.2 lets Encounter.serviceType name by NHI code; the
others it wants in SNOMED CT, which we do not ship. Encounter.type carries the NHI code of all of them."""
SERVICE_TYPES = {code: _service_type(code) for code in DEPARTMENTS}
VISIT_TYPES = {code: [concept(DEPARTMENT, code, name)] for code, name in DEPARTMENTS.items()}


@dataclass(frozen=True, slots=True)
class Illness:
    """Something a visit can be about: our names, its ICD-10-CM code as a concept, who sees it, how secret."""

    key: str
    code: Json
    zh: str
    department: str
    label: str
    medicines: tuple[str, ...] = ()


def _illness(row: dict[str, str]) -> Illness:
    medicines = tuple((row.get("medicines") or "").split())
    code = concept(ICD, row["icd"], row["zh"], row["zh"])
    return Illness(row["key"], code, row["zh"], row["department"], row["label"], medicines)


@dataclass(frozen=True, slots=True)
class Measure:
    """A vital sign or laboratory value: code, unit, decimals and reference range by sex."""

    key: str
    code: Json
    panel: str
    unit: Json
    decimals: int
    low: dict[str, float | None]
    high: dict[str, float | None]
    ranges: dict[str, list[Json]]


def _number(text: str) -> float | None:
    return float(text) if text else None


def _measure(row: dict[str, str]) -> Measure:
    codings = [coding(LOINC, row["loinc"])]
    if row["fee"]:
        codings.append(coding(FEE, row["fee"]))
    unit = {"unit": row["unit"], "system": UCUM, "code": row["ucum"]}
    low = {sex: _number(row[f"low_{sex}"]) for sex in "mf"}
    high = {sex: _number(row[f"high_{sex}"]) for sex in "mf"}
    code = {"coding": codings, "text": row["zh"]}
    ranges = {sex: _range(low[sex], high[sex], unit) for sex in "mf"}
    return Measure(row["key"], code, row["panel"], unit, int(row["decimals"]), low, high, ranges)


def _range(low: float | None, high: float | None, unit: Json) -> list[Json]:
    bounds = {
        name: {"value": value, **unit} for name, value in (("low", low), ("high", high)) if value is not None
    }
    return [bounds] if bounds else []


@dataclass(frozen=True, slots=True)
class Medicine:
    """A real product of the NHI list under our plain ingredient name."""

    key: str
    code: Json
    dosage: list[Json]
    days: int
    daily: float
    unit: Json


def _medicines() -> dict[str, tuple[Medicine, ...]]:
    products: dict[str, list[tuple[str, str]]] = {}
    for row in rows("products.csv.gz"):
        products.setdefault(row["ingredient"], []).append((row["code"], row["name"]))
    return {
        row["key"]: tuple(_medicine(row, code, name) for code, name in products[row["key"]])
        for row in rows("ingredients.csv")
    }


def _medicine(row: dict[str, str], code: str, name: str) -> Medicine:
    unit = {"unit": row["unit"], "system": UCUM, "code": row["ucum"]}
    times = [coding(FREQUENCY, row["frequency"])]
    if row["frequency"] in {"QD", "BID", "TID", "QID"}:
        times.append(coding("http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation", row["frequency"]))
    dosage: Json = {
        "text": row["zh_use"],
        "timing": {"code": {"coding": times}},
        "route": concept(ROUTE, row["route"]),
        "doseAndRate": [{"doseQuantity": {"value": int(row["dose"]), **unit}}],
    }
    if row["frequency"] == "PRN":
        dosage["asNeededCodeableConcept"] = {"text": "需要時使用"}
    codings = [coding(DRUG, code, name), coding(ATC, row["atc"], row["en"])]
    value = {"coding": codings, "text": row["zh"]}
    return Medicine(row["key"], value, [dosage], int(row["days"]), float(row["per_day"]), unit)


@dataclass(frozen=True, slots=True)
class Chronic:
    """A lasting illness: prevalence by sex and age (0 to 110) and the clinic track that looks after it."""

    illness: Illness
    prevalence: dict[str, list[float]]
    middle: float
    track: str


def _chronic(row: dict[str, str]) -> Chronic:
    middle, width = float(row["middle"]), float(row["width"])
    shape = [1 / (1 + 2.718281828 ** ((middle - age) / width)) for age in range(111)]
    shape = [share if age > middle - 4 * width else 0.0 for age, share in enumerate(shape)]
    prevalence = {
        sex: [float(row[name]) * s for s in shape] for sex, name in (("m", "male"), ("f", "female"))
    }
    return Chronic(_illness(row), prevalence, middle, row["track"])


@dataclass(frozen=True, slots=True)
class Passing:
    """An illness of days: visits a year for children, adults and elders; share with fever; bed days if any."""

    illness: Illness
    sex: str
    rates: tuple[float, float, float]
    fever: float = 0.0
    days: int = 0
    procedure: str = ""


def _passing(row: dict[str, str]) -> Passing:
    rates = (float(row["child"]), float(row["adult"]), float(row["elder"]))
    days, fever = int(row.get("days") or 0), float(row.get("fever") or 0)
    return Passing(_illness(row), row["sex"], rates, fever, days, row.get("procedure") or "")


@dataclass(frozen=True, slots=True)
class Screening:
    """A programme: for whom, how often, and the share that comes when due (our assumption)."""

    key: str
    code: Json
    sex: str
    youngest: int
    oldest: int
    years: int
    uptake: float
    reason: str


def _screening(row: dict[str, str]) -> Screening:
    codings = [coding(SCREENING, row["key"], row["zh"])]
    if row["loinc"]:
        codings.append(coding(LOINC, row["loinc"]))
    code = {"coding": codings, "text": row["zh"]}
    bounds = int(row["from"]), int(row["to"]), int(row["years"])
    return Screening(row["key"], code, row["sex"], *bounds, float(row["uptake"]), row["reason"])


def _procedure(row: dict[str, str]) -> Json:
    codings = [coding(PROCEDURE, row["key"], row["zh"])]
    if row["fee"]:
        codings.append(coding(FEE, row["fee"]))
    return {"coding": codings, "text": row["zh"]}


def _panel(row: dict[str, str]) -> Json:
    codings = [coding(LOINC, row["loinc"])] if row["loinc"] else []
    return {"coding": [*codings, coding(PANEL, row["key"], row["zh"])], "text": row["zh"]}


@dataclass(frozen=True)
class Terms:
    chronic: dict[str, Chronic]
    acute: tuple[Passing, ...]
    admissions: tuple[Passing, ...]
    occasions: dict[str, Illness]
    measures: dict[str, Measure]
    panels: dict[str, Json]
    medicines: dict[str, tuple[Medicine, ...]]
    vaccines: dict[str, Json]
    schedule: tuple[tuple[str, tuple[int, ...]], ...]
    """Childhood vaccines with the months of age of each dose."""
    screenings: tuple[Screening, ...]
    procedures: dict[str, Json]
    allergens: tuple[dict[str, str], ...]


@cache
def terms() -> Terms:
    vaccines = list(rows("vaccines.csv"))
    return Terms(
        chronic={row["key"]: _chronic(row) for row in rows("illnesses.csv")},
        acute=tuple(_passing(row) for row in rows("acute.csv")),
        admissions=tuple(_passing(row) for row in rows("admissions.csv")),
        occasions={row["key"]: _illness(row) for row in rows("life.csv")},
        measures={row["key"]: _measure(row) for row in rows("measurements.csv")},
        panels={row["key"]: _panel(row) for row in rows("panels.csv")},
        medicines=_medicines(),
        vaccines={row["key"]: concept(CVX, row["cvx"], row["zh"], row["zh"]) for row in vaccines},
        schedule=tuple(
            (row["key"], tuple(map(int, row["doses_months"].split())))
            for row in vaccines
            if row["doses_months"]
        ),
        screenings=tuple(_screening(row) for row in rows("screenings.csv")),
        procedures={row["key"]: _procedure(row) for row in rows("procedures.csv")},
        allergens=tuple(rows("allergens.csv")),
    )
