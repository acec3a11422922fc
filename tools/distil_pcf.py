"""Transcribe the Consent examples of IHE PCF from FHIR Shorthand into JSON.

    PYTHONPATH=src:tools python tools/distil_pcf.py FILE

FILE is input/fsh/consent.fsh of IHE/ITI.PCF at 3fefea1b7061d1afc1b335e7d4800b3676d2daca (IHE International, CC-BY-4.0).
Only what the 23 examples use of the language is read: rules of the form `* path = value`. Out:
tools/vector_rows/ihe_pcf_consents.json, in the order of the file. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path
from typing import Any

OUT = Path(__file__).resolve().parent / "vector_rows/ihe_pcf_consents.json"
PROFILES = ("BasicConsent", "IntermediateConsent", "AdvancedConsent")
LISTS = {
    "security",
    "category",
    "performer",
    "organization",
    "policy",
    "purpose",
    "securityLabel",
    "actor",
    "data",
}
CONCEPTS = {"scope", "category", "role"}
Json = dict[str, Any]


def instances(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each Consent with its rules, comments left out."""
    found = []
    for block in re.split(r"^Instance:", text, flags=re.MULTILINE)[1:]:
        kind = re.search(r"^InstanceOf:\s*(\S+)", block, re.MULTILINE)
        if kind and kind[1] in PROFILES:
            found.append((block.split()[0], re.findall(r"^\* (\S+) = (.+?)\s*$", block, re.MULTILINE)))
    return found


def value(text: str, field: str) -> Any:
    """One value of the language: a code, a quoted text, a reference, a date."""
    if found := re.fullmatch(r"Reference\((.+)\)", text):
        return {"reference": found[1]}
    if text.startswith('"'):
        return text.strip('"')
    if text.startswith("#"):
        return text[1:]
    if found := re.fullmatch(r'(\S+)#(\S+)(?: "(.*)")?', text):
        coding = {"system": found[1], "code": found[2]} | ({"display": found[3]} if found[3] else {})
        return {"coding": [coding]} if field in CONCEPTS else coding
    return text


def put(resource: Json, path: str, text: str) -> None:
    """Set one rule. `[+]` begins an item of a list, `[=]` goes on with it; a slice's name says nothing here."""
    here: Any = resource
    steps = path.split(".")
    for number, step in enumerate(steps):
        name = step.split("[")[0]
        last = number == len(steps) - 1
        repeats = name in LISTS or (name == "provision" and number > 0)
        if not repeats:
            if last:
                here[name] = value(text, name)
            else:
                here = here.setdefault(name, {})
            continue
        items = here.setdefault(name, [])
        fresh = not items or "[+]" in step or (last and name != "provision" and "[=]" not in step)
        if last:
            items.append(value(text, name))
        else:
            if fresh:
                items.append({})
            here = items[-1]


def consent(name: str, rules: list[tuple[str, str]]) -> Json:
    resource: Json = {"resourceType": "Consent", "id": name}
    for path, text in rules:
        put(resource, path, text)
    return resource


def main() -> None:
    parser = argparse.ArgumentParser(description="Transcribe the Consents of IHE PCF.")
    parser.add_argument("file", type=Path)
    text = re.sub(r"^\s*//.*$", "", parser.parse_args().file.read_text("utf-8"), flags=re.MULTILINE)
    consents = [consent(name, rules) for name, rules in instances(text)]
    OUT.write_text(json.dumps(consents, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{len(consents)} Consents -> {OUT.name}")


if __name__ == "__main__":
    main()
