"""Every kind of fault, in order."""

from mutation import bundles, extensions, invariants, own, primitives, profiles, references, shapes, terms
from mutation.engine import KINDS

FAMILIES = (shapes, primitives, extensions, references, terms, profiles, own, bundles, invariants)

__all__ = ["FAMILIES", "KINDS"]
