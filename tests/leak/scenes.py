"""Every scene: to import this is to register them."""

from leak import (  # noqa: F401 - they register
    scenes_access,
    scenes_choices,
    scenes_closed,
    scenes_duty,
    scenes_emergencies,
    scenes_identities,
    scenes_meant,
    scenes_names,
    scenes_parts,
    scenes_receipts,
    scenes_relatives,
    scenes_search,
    scenes_secondary,
    scenes_writing,
)
from leak.scenarios import SCENARIOS

__all__ = ["SCENARIOS"]
