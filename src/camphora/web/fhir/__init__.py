"""The FHIR API at the edge (R4, https://hl7.org/fhir/R4/http.html): JSON only, law and consent below it."""

from camphora.web.fhir.call import Api
from camphora.web.fhir.routes import fhir_routes

__all__ = ["Api", "fhir_routes"]
