"""Work: anything with an owner, a state and a deadline, kept as FHIR Task and Provenance.

The history of a Task is the ledger of what was done about it: each step is one version and one Provenance, written in
one transaction, and nothing is ever deleted.
"""

from camphora.work.attachments import Attached, File, attached
from camphora.work.ledger import Asking, Ledger
from camphora.work.states import Act, Judgement, Kind, State
from camphora.work.steps import Step
from camphora.work.tasks import Work

__all__ = [
    "Act",
    "Asking",
    "Attached",
    "File",
    "Judgement",
    "Kind",
    "Ledger",
    "State",
    "Step",
    "Work",
    "attached",
]
