"""Code systems, several editions side by side, in a SQLite file of their own.

    Terminology.build(path)                       # from the bundled tables, at installation
    terms = Terminology.open(path)
    terms.lookup("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/postal-code3-tw", "100").zh
    terms.search("台北 聯合醫院")                    # 臺/台, full width and case are folded

Editions that may not be bundled (ICD-10-CM, LOINC, …) are added by the one who holds the licence: `add_edition`.
"""

from camphora.terminology.build import Edition, add_edition, bundled_editions
from camphora.terminology.store import Concept, Plain, Terminology

__all__ = ["Concept", "Edition", "Plain", "Terminology", "add_edition", "bundled_editions"]
