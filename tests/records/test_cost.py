"""What law and consent may not cost: a statement planned anew for each execution."""

import apsw

from builders import clinician
from camphora.fhir.search import parse_query


def test_a_statement_of_an_analysed_store_is_planned_once(loaded):
    loaded._connections.writer.execute("ANALYZE")
    reader = loaded._connections.reader()
    query = parse_query("Observation", [("code", "8480-6")], strict=True)
    planned = []

    def noting(action, *_):
        planned.extend([action] if action == apsw.SQLITE_SELECT else [])
        return apsw.SQLITE_OK

    reader.authorizer = noting
    loaded.search(clinician(), query)
    loaded.search(clinician(), query)
    assert planned, "the authorizer is asked while a statement is planned"
    planned.clear()
    assert loaded.search(clinician(), query).rows
    assert planned == []
