"""What is asked of codes: $expand, $validate-code, $lookup, $subsumes and $translate, over any library of code systems.

library = ResourceLibrary(resources)                       # or the terminology file, or Layered(upper, lower)
expand(library, value_set, Options(text="糖尿病", count=20)).entries
validate_code(library, value_set, Coding(system, code)).result
Desk(library).ask("ValueSet/$expand", parameters)          # FHIR in, FHIR out
"""
