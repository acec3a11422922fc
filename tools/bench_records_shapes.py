"""Thirty shapes of search, each filled at run time from records that are there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw
import orjson

from camphora.records.bodies import plain

Json = dict[str, Any]
Sampled = dict[str, list[Json]]
TYPES = ("Patient", "Observation", "Condition", "Encounter", "MedicationRequest", "Immunization", "Procedure")
SAMPLES = 300
Shape = Callable[[random.Random, Sampled], str]


def sampled(folder: Path, seed: int = 1, most: int = SAMPLES) -> Sampled:
    """Some records of each type, chosen evenly over all there are."""
    connection = apsw.Connection(str(folder / "records.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    chance, found = random.Random(seed), {}
    for kind in TYPES:
        sql = "SELECT r.no FROM record r JOIN type t ON t.no = r.type WHERE t.name = ? AND r.deleted = 0"
        numbers = [no for (no,) in connection.execute(sql, (kind,))]
        chosen = chance.sample(numbers, min(most, len(numbers)))
        bodies = [_body(connection, number) for number in chosen]
        found[kind] = [orjson.loads(plain(body)) for body in bodies]
    connection.close()
    return found


def _body(connection: apsw.Connection, number: int) -> bytes:
    (body,) = next(connection.execute("SELECT body FROM content WHERE record = ?", (number,)))
    return bytes(body)


def _code(record: Json, name: str = "code") -> str:
    coding = record[name]["coding"][0]
    return quote(f"{coding['system']}|{coding['code']}", safe="")


def _of(record: Json) -> str:
    return str(record.get("subject", record.get("patient"))["reference"])


def _year(text: str) -> int:
    return int(text[:4])


def _quantity(sample: Sampled) -> list[Json]:
    return [each for each in sample["Observation"] if "valueQuantity" in each and "coding" in each["code"]]


def _shapes() -> Iterator[tuple[str, Shape]]:
    """Name and shape: chance and samples in, what stands behind /fhir/ out."""

    def about(kind: str, make: Callable[[Json], str]) -> Shape:
        return lambda chance, sample: make(chance.choice(sample[kind]))

    def measured(make: Callable[[Json], str]) -> Shape:
        return lambda chance, sample: make(chance.choice(_quantity(sample)))

    coded = "Observation"
    yield "patient-id", about("Patient", lambda p: f"Patient?_id={p['id']}")
    yield "identifier", about("Patient", lambda p: f"Patient?identifier={_identifier(p)}")
    yield "name", about("Patient", lambda p: f"Patient?name={quote(p['name'][0]['text'])}")
    yield (
        "name-begins",
        about("Patient", lambda p: f"Patient?name={quote(p['name'][0]['text'][:1])}&_count=20"),
    )
    yield (
        "name-contains",
        about("Patient", lambda p: f"Patient?name:contains={quote(p['name'][0]['text'][1:])}"),
    )
    yield "born", about("Patient", lambda p: f"Patient?birthdate={p['birthDate']}")
    yield (
        "born-sex",
        about(
            "Patient", lambda p: f"Patient?birthdate=ge{_year(p['birthDate'])}&gender={p['gender']}&_count=20"
        ),
    )
    yield (
        "born-sorted",
        about("Patient", lambda p: f"Patient?gender={p['gender']}&_sort=-birthdate&_count=20"),
    )
    yield "of-patient", about(coded, lambda o: f"Observation?patient={_of(o)}&_count=20")
    yield "patient-code", measured(lambda o: f"Observation?patient={_of(o)}&code={_code(o)}")
    yield (
        "patient-code-date",
        measured(
            lambda o: (
                f"Observation?patient={_of(o)}&code={_code(o)}&date=le{o['effectiveDateTime'][:10]}"
                "&_sort=-date&_count=20"
            )
        ),
    )
    yield (
        "patient-category",
        about(
            coded,
            lambda o: f"Observation?patient={_of(o)}&category={_code({'code': o['category'][0]})}&_count=20",
        ),
    )
    yield "code-page", measured(lambda o: f"Observation?code={_code(o)}&_count=20")
    yield "code-newest", measured(lambda o: f"Observation?code={_code(o)}&_sort=-date&_count=20")
    yield (
        "code-year",
        measured(lambda o: f"Observation?code={_code(o)}&date={o['effectiveDateTime'][:4]}&_count=20"),
    )
    yield "code-day", measured(lambda o: f"Observation?code={_code(o)}&date={o['effectiveDateTime'][:10]}")
    yield (
        "quantity",
        measured(
            lambda o: f"Observation?code={_code(o)}&value-quantity=gt{o['valueQuantity']['value']}&_count=20"
        ),
    )
    yield (
        "code-quantity",
        measured(
            lambda o: (
                f"Observation?code-value-quantity={_code(o)}%24gt{o['valueQuantity']['value']}&_count=20"
            )
        ),
    )
    yield (
        "of-encounter",
        about(
            coded,
            lambda o: (
                f"Observation?encounter={o.get('encounter', {'reference': 'Encounter/none'})['reference']}"
            ),
        ),
    )
    yield (
        "include-patient",
        measured(lambda o: f"Observation?patient={_of(o)}&code={_code(o)}&_include=Observation:patient"),
    )
    yield "conditions", about("Condition", lambda c: f"Condition?patient={_of(c)}")
    yield "condition-code", about("Condition", lambda c: f"Condition?code={_code(c)}&_count=20")
    yield (
        "condition-active",
        about("Condition", lambda c: f"Condition?patient={_of(c)}&clinical-status=active"),
    )
    yield (
        "encounters-since",
        about(
            "Encounter",
            lambda e: f"Encounter?patient={_of(e)}&date=ge{e['period']['start'][:10]}&_sort=-date",
        ),
    )
    yield (
        "encounters-of-day",
        about("Encounter", lambda e: f"Encounter?date={e['period']['start'][:10]}&_count=20"),
    )
    yield (
        "encounter-and-results",
        about("Encounter", lambda e: f"Encounter?_id={e['id']}&_revinclude=Observation:encounter"),
    )
    yield "medicines", about("MedicationRequest", lambda m: f"MedicationRequest?patient={_of(m)}&_count=20")
    yield (
        "medicine-code",
        about(
            "MedicationRequest",
            lambda m: f"MedicationRequest?code={_code(m, 'medicationCodeableConcept')}&_count=20",
        ),
    )
    yield "chain-identifier", about("Patient", lambda p: f"Condition?patient.identifier={_identifier(p)}")
    yield (
        "has-condition",
        about("Condition", lambda c: f"Patient?_has:Condition:patient:code={_code(c)}&_count=20"),
    )


def _identifier(patient: Json) -> str:
    first = patient["identifier"][0]
    return quote(f"{first['system']}|{first['value']}", safe="")


SHAPES: dict[str, Shape] = dict(_shapes())
