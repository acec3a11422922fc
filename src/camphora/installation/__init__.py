"""One folder on disk as a living system: the store, the gate, terminology, the lake and the catalogue together."""

from camphora.installation.installation import Installation

__all__ = ["Installation"]
