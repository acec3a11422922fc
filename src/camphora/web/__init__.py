"""The edge on the web: pages, the FHIR API, sign-in, downloads."""
