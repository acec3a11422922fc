"""The tables of codes that are known by their columns, each with the code system that it is an edition of.

Columns are known by any of their published names. Tables of the NHI (藥品代號, 診療項目代碼 …) and the two columns
`code,display` of the guides' own lists are read alike. Where a table has a name in each language, both are kept.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

TWCORE = "https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/"
PAS = "https://nhicore.nhi.gov.tw/pas/CodeSystem/"
CODE = ("code", "代碼", "代號")
NAME = ("display", "名稱")
ZH = ("zh", "中文名稱", "中文")
EN = ("en", "英文名稱", "英文")
STATUS = ("status", "狀態")
SINCE = ("effectiveDate", "生效日期", "生效日")


@dataclass(frozen=True, slots=True)
class Kind:
    """A table of codes. `pattern` is the form of its codes; `columns` are further names of the code, zh-TW and English
    columns; `years` are national editions under an address of their own: year → address."""

    name: str
    url: str
    zh: str
    en: str
    pattern: str
    code: Sequence[str] = ()
    zh_names: Sequence[str] = ()
    en_names: Sequence[str] = ()
    aliases: tuple[str, ...] = ()
    family: str = ""
    years: Mapping[str, str] | None = None

    def of(self, year: str) -> Kind:
        """The NHI's Chinese edition of a year; itself where none is named."""
        if not year:
            return self
        upper = self.name.upper()
        return replace(
            self, zh=f"臺灣健保署{year}年中文版{upper}", en=f"{upper}, Chinese edition of {year} (NHI)"
        )

    def right(self, code: str) -> bool:
        return re.fullmatch(self.pattern, code) is not None


def _icd(name: str, url: str, zh: str, en: str, pattern: str) -> Kind:
    """ICD-10 as the United States publish it, and as the NHI does in Chinese, whose editions have an address each."""
    years = {year: f"{TWCORE}{name}-{year}-tw" for year in ("2014", "2021", "2023")}
    upper = name.upper()
    code = (upper, f"{upper}代碼", f"{upper} 代碼", *(f"{year}年{upper}" for year in years))
    zh_names = tuple(f"{upper}{mark}中文名稱" for mark in ("", " ", "_"))
    en_names = tuple(f"{upper}{mark}英文名稱" for mark in ("", " ", "_"))
    return Kind(name, url, zh, en, pattern, code, zh_names, en_names, family=name, years=years)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "nhi-drug", TWCORE + "medication-nhi-tw", "健保用藥品項", "NHI drug items", r"[A-Z0-9]{10}",
            ("藥品代號", "藥品代碼", "健保代碼"), ("藥品中文名稱", "中文品名"), ("藥品英文名稱", "英文品名"),
            (PAS + "nhi-medication",),
        ),
        Kind(
            "nhi-fee", TWCORE + "medical-service-payment-tw", "健保醫療服務給付項目", "NHI fee items",
            r"[A-Za-z0-9]{1,12}", ("診療項目代碼", "項目代碼"), ("中文項目名稱",), ("英文項目名稱",),
        ),
        Kind(
            "nhi-herb", TWCORE + "nhi-medication-ch-herb-tw", "臺灣健保署中藥用藥品項", "NHI Chinese-herb items",
            r"[A-Z][0-9]{6,7}", ("藥品代號", "藥品代碼"), ("藥品名稱",),
        ),
        Kind(
            "nhi-facility", TWCORE + "organization-identifier-tw", "健保特約醫事機構", "NHI contracted facilities",
            r"[0-9A-Z]{10}", ("醫事機構代碼", "機構代碼"), ("醫事機構名稱", "機構名稱"), (),
            (PAS + "organization-identifier-tw",),
        ),
        _icd(
            "icd-10-cm", "http://hl7.org/fhir/sid/icd-10-cm", "國際疾病分類第十版臨床修訂（ICD-10-CM）", "ICD-10-CM",
            r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?",
        ),
        _icd(
            "icd-10-pcs", "http://www.cms.gov/Medicare/Coding/ICD10", "國際疾病分類第十版處置分類（ICD-10-PCS）",
            "ICD-10-PCS", r"[0-9A-HJ-NP-Z]{3,7}",
        ),
    )
}  # fmt: skip
