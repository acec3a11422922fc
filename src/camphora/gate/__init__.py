"""Identity, sessions and tokens; and the one place where a reader and a purpose become an Access."""

from camphora.gate.gate import Gate
from camphora.gate.identity import Identity, Session, User

__all__ = ["Gate", "Identity", "Session", "User"]
