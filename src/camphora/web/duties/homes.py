"""Where somebody lives, in words of the reader's language."""

from __future__ import annotations

from dataclasses import replace

from camphora.formats import address
from camphora.pages.counties import COUNTIES
from camphora.web.reading import Json
from camphora.web.work_forms import Naming


def home(naming: Naming, patient: Json) -> str:
    """Where somebody lives; on an English page township and county by their English names, the smaller part first."""
    for each in patient.get("address", ()):
        read = address.from_fhir(each)
        if naming.words.lang == "zh-TW":
            return address.line(read)
        county = next((one.en for one in COUNTIES if one.zh == read.county), read.county)
        town = naming.english.get((read.county, read.town), read.town)
        rest = address.line(replace(read, postcode="", country="", county="", town=""))
        return naming.words("mark.comma").join(part for part in (rest, town, county) if part)
    return ""
