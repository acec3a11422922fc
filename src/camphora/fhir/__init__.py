"""FHIR R4, pure and without I/O: definitions, JSON, structure, search grammar, extraction, references.

What needs codes or other records is asked through the protocols `Terms` and `Resolver`, which rooms above
hand in. Definitions are read from the package when first asked for.
"""
