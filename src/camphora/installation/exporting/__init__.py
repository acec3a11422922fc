"""Files of many records at once (`$export`, https://hl7.org/fhir/uv/bulkdata/STU2/): asked for, made behind, given to
whom they were made for, taken away."""

from camphora.installation.exporting.asked import Asked, Filter, require_exporter
from camphora.installation.exporting.exports import Exports
from camphora.installation.exporting.job import File, Job

__all__ = ["Asked", "Exports", "File", "Filter", "Job", "require_exporter"]
