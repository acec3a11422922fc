"""Every kind of fault, family by family."""

from mutation import (
    bundles,
    engine,
    extensions,
    invariants,
    own,
    primitives,
    profiles,
    references,
    shapes,
    terms,
)

FAMILIES = (shapes, primitives, extensions, references, terms, profiles, own, bundles, invariants)
_ORDER = [family.__name__ for family in FAMILIES]
KINDS = dict(sorted(engine.KINDS.items(), key=lambda row: _ORDER.index(row[1].made.__module__)))
