"""Several processes that answer for one installation: the leader, which alone writes, and its workers."""

from camphora.cli.workers.leading import Leader

__all__ = ["Leader"]
