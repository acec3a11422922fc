"""Code systems, several editions side by side, in a SQLite file of their own.

    Terminology.build(path)                       # from the bundled tables, at installation
    terms = Terminology.open(path)
    terms.lookup("https://twcore.mohw.gov.tw/ig/twcore/CodeSystem/postal-code3-tw", "100").zh
    terms.search("台北 聯合醫院")                    # 臺/台, full width and case are folded

Editions that may not be bundled (ICD-10-CM, LOINC, …) are added by the one who holds the licence: `loaders.load`,
on the command line `camphora terminology add`.
"""

from camphora.terminology.build import add_edition, bundled_editions
from camphora.terminology.store import Plain, Term, Terminology
from camphora.terminology.writing import Edition

__all__ = ["Edition", "Plain", "Term", "Terminology", "add_edition", "bundled_editions"]
