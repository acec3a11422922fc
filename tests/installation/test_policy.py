"""An installation goes by its own policy.toml in every room, refuses a wrong one at the start, and backs it up."""

import shutil

import pytest

from builders import clinician, observation, patient
from camphora.errors import Faults, Forbidden, NotFound
from camphora.fhir.search import parse_query
from camphora.gate.gate import Grounds
from camphora.installation import Installation
from camphora.installation.backup import backup
from camphora.policy import Purpose, Reader, Role, choices
from camphora.policy.internal import deciding, loading
from camphora.policy.vocabulary import ACT_REASON
from camphora.records import Put
from camphora.records.derived import ROLE_CODE

REGISTRY = "https://example.tw/purpose|REGISTRY"
OFFICER = Reader("hsu", "承辦人員", Role.OFFICER)


@pytest.fixture
def opened(fresh, tmp_path):
    """Opens the installation by the policy that is given."""
    folder, made = shutil.copytree(fresh, tmp_path / "place"), []

    def opening(text):
        for before in made:
            before.close()
        made.clear()
        (folder / "policy.toml").write_text(text, "utf-8")
        made.append(Installation.open(folder))
        return made[0]

    yield opening
    for each in made:
        each.close()


def _put(installation, *resources):
    installation.store.write(loading("t"), [Put(each) for each in resources])


def _ids(installation, access):
    rows = installation.store.search(access, parse_query("Observation", [], strict=True)).rows
    return {row.id for row in rows}


PERMIT = {
    "resourceType": "Consent", "id": "k", "status": "active",
    "scope": {"coding": [{"code": "patient-privacy"}]}, "category": [{"text": "x"}],
    "patient": {"reference": "Patient/ada"}, "policyRule": {"text": "x"}, "dateTime": "2026-01-01",
    "provision": {"type": "permit", "purpose": [{"system": ACT_REASON, "code": "TREAT"}]},
}  # fmt: skip


def test_where_care_must_be_permitted_only_who_permitted_it_is_seen(opened):
    records = [patient("ada", "王小明", "1950-02-01", "A1"), patient("bo", "陳美玲", "1990-07-15", "B1")]
    records += [observation("a", "ada", "1-8", "2026-01-01"), observation("b", "bo", "1-8", "2026-01-01")]
    place = opened('[parameters]\n"defaults.care" = "deny"\n')
    _put(place, *records, PERMIT)
    assert _ids(place, clinician()) == {"a"}
    with pytest.raises(NotFound):
        place.store.read(clinician(), "Patient", "bo")
    assert _ids(opened(""), clinician()) == {"a", "b"}


def test_the_age_of_majority_is_the_installations(opened):
    place = opened('[parameters]\n"ages.majority" = 30\n')
    mother = {
        "resourceType": "RelatedPerson", "id": "m", "patient": {"reference": "Patient/kid"},
        "relationship": [{"coding": [{"system": ROLE_CODE, "code": "GUARD"}]}],
        "extension": [{
            "url": "https://camphora.tw/StructureDefinition/stand-in-patient",
            "valueReference": {"reference": "Patient/bo"},
        }],
    }  # fmt: skip
    _put(
        place,
        patient("kid", "林小明", "2004-01-01", "C1"),
        patient("bo", "陳美玲", "1970-07-15", "B1"),
        mother,
    )
    assert place.store.letting_in(deciding("bo"), "bo") == {"kid"}
    assert opened("").store.letting_in(deciding("bo"), "bo") == frozenset()


def test_a_foreign_purpose_is_known_once_it_stands_under_one_and_its_stops_hold(opened):
    place = opened("")
    with pytest.raises(Forbidden):
        place.gate.access(OFFICER, Purpose.SECONDARY, grounds=Grounds((REGISTRY,)))
    place = opened(f'[parameters]\n"purposes.under" = {{ "{REGISTRY}" = "HRESCH" }}\n')
    access = place.gate.access(OFFICER, Purpose.SECONDARY, grounds=Grounds((REGISTRY,)))
    assert choices.stopped(None, "HRESCH") in {each.name for each in access.hidden_for("Observation")}


def test_surveillance_is_refused_where_the_policy_does_not_open_it(opened):
    assert opened("").gate.access(OFFICER, Purpose.SURVEILLANCE).ground == "surveillance"
    with pytest.raises(Forbidden) as refused:
        opened('[parameters]\n"defaults.surveillance" = "deny"\n').gate.access(OFFICER, Purpose.SURVEILLANCE)
    assert refused.value.code == "gate-no-default"


def test_a_kind_of_organisation_may_be_refused(opened):
    place = opened('[parameters]\n"secondary.refused_organisations" = ["academic"]\n')
    place.gate.standings.set("hsu", "organisation-kind", ["academic"])
    with pytest.raises(Forbidden) as refused:
        place.gate.access(OFFICER, Purpose.SECONDARY)
    assert refused.value.code == "gate-applicant-not-eligible"


def test_a_wrong_file_is_refused_at_the_start_and_a_mended_one_opens(opened):
    with pytest.raises(Faults) as refused:
        opened('[parameters]\n"ages.majority" = "18"\n"ages.minority" = 3\n')
    assert [fault.place.line for fault in refused.value.faults] == [2, 3]
    opened("")


def test_a_backup_goes_by_the_same_policy(opened, tmp_path):
    place = opened('[parameters]\n"ages.own_act" = 12\n')
    backup(place.folder, tmp_path / "copy")
    copy = Installation.open(tmp_path / "copy")
    try:
        assert copy.gate.policy["ages.own_act"] == 12
    finally:
        copy.close()
