"""FHIR packages: base R4 and the guides of Taiwan that Camphora carries, and any other read from its archive.

    Guides.bundled().find("http://hl7.org/fhir/StructureDefinition/Patient")
    package("tw.gov.mohw.twcore").definitions("ValueSet")
    guides = Guides.bundled().also([read("package.tgz")])

What Camphora left out of a package for its licence or size is said in docs/rulings.md and in the resource: a code
system without its concepts says `"content": "not-present"`, and the `include` of a value set whose list of codes is
not carried has the extension `NOT_CARRIED`. Such an include is *not known*: it stands neither for no code nor for
every code of its system.
"""

from camphora.fhir.packages.archive import read
from camphora.fhir.packages.bundled import BUNDLED, package
from camphora.fhir.packages.dependencies import Dependency, dependencies
from camphora.fhir.packages.guides import Guides
from camphora.fhir.packages.marks import NOT_CARRIED, not_carried
from camphora.fhir.packages.misshapen import Misshapen, misshapen
from camphora.fhir.packages.package import Package

__all__ = [
    "BUNDLED",
    "NOT_CARRIED",
    "Dependency",
    "Guides",
    "Misshapen",
    "Package",
    "dependencies",
    "misshapen",
    "not_carried",
    "package",
    "read",
]
