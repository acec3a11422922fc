import csv
import io

import orjson

from camphora.fhir.search import Query
from camphora.policy.internal import loading


def everything_about(world, person):
    """What the loader sees of the person, by type and id: the independent answer."""
    store, access, found = world.installation.store, loading("test"), set()
    for record_type in store.counts():
        following = ""
        while following is not None:
            page = store.search(access, Query(record_type, count=1000, page=following or None))
            found |= {(row.type, row.id) for row in page.rows if _about(orjson.loads(row.body), person)}
            following = page.next
    return found


def _about(resource, person):
    references = [resource.get(name, {}) for name in ("subject", "patient")]
    own = (resource["resourceType"], resource["id"]) == ("Patient", person)
    return own or f"Patient/{person}" in [
        each.get("reference") for each in references if isinstance(each, dict)
    ]


def test_the_bundle_holds_everything_about_her_and_nothing_else(world):
    answer = world.browser("citizen").get("/me/download/record.json")
    bundle = orjson.loads(answer.content)
    found = {(each["resource"]["resourceType"], each["resource"]["id"]) for each in bundle["entry"]}
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "collection")
    assert found == everything_about(world, world.cast.citizen)
    assert len(found) == len(bundle["entry"]) > 200


def test_the_bundle_holds_the_very_bytes_that_are_kept(world):
    content = world.browser("citizen").get("/me/download/record.json").content
    kept = world.installation.store.read(world.access("citizen"), "Patient", world.cast.citizen).body
    assert kept in content


def test_the_file_says_that_the_person_is_synthetic(world):
    answer = world.browser("citizen").get("/me/download/record.json")
    assert 'filename="camphora-record-synthetic.json"' in answer.headers["content-disposition"]
    assert orjson.loads(answer.content)["meta"]["tag"][0]["code"] == "synthetic"


def test_the_list_has_a_line_for_each_record(world):
    browser = world.browser("citizen")
    rows = list(
        csv.DictReader(io.StringIO(browser.get("/me/download/record.csv").content.decode("utf-8-sig")))
    )
    bundle = orjson.loads(browser.get("/me/download/record.json").content)
    assert len(rows) == len(bundle["entry"])
    assert {"心臟血管內科門診", "高血壓", "流感疫苗"} <= {row["項目"] for row in rows}


def test_taking_everything_away_leaves_a_receipt(fresh):
    browser = fresh.browser("citizen")
    before = len(fresh.installation.store.audit)
    browser.get("/me/download/record.json")
    assert len(fresh.installation.store.audit) > before
    assert "林美玉" in browser.words("/me/looked?own=1")
