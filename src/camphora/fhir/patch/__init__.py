"""Patches (https://hl7.org/fhir/R4/http.html#patch): JSON Patch, XML Patch and FHIRPath Patch.

Each is a pure function from a resource and a patch to the patched resource. All operations are done or none is: the
first that cannot be raises an error that says which one. A patch changes neither the type nor the id of a resource, has
at most `MOST_OPERATIONS`, and adds at most `MOST_GROWTH`.
"""

from camphora.fhir.patch.fhirpath_form import fhirpath_patch
from camphora.fhir.patch.json_form import json_patch
from camphora.fhir.patch.limits import MOST_GROWTH, MOST_OPERATIONS
from camphora.fhir.patch.xml_form import xml_patch

__all__ = ["MOST_GROWTH", "MOST_OPERATIONS", "fhirpath_patch", "json_patch", "xml_patch"]
