"""The columnar copy of records and tables for questions: views, parts, disclosure control.

Records become rows by SQL on FHIR ViewDefinitions and lie as Parquet parts by range of persons, *open* and
*withheld*; only open parts are ever asked.
"""

from camphora.lake.asking import Answer, Lake, TableRows
from camphora.lake.disclosure import Certificate, Rules
from camphora.lake.question import Between, By, Either, Filter, Has, Is, Measure, Missing, Not, Question

__all__ = [
    "Answer",
    "Between",
    "By",
    "Certificate",
    "Either",
    "Filter",
    "Has",
    "Is",
    "Lake",
    "Measure",
    "Missing",
    "Not",
    "Question",
    "Rules",
    "TableRows",
]
