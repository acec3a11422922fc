import gzip
import tarfile
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camphora.errors import CamphoraError, Invalid, NotFound, TooLarge
from camphora.fhir.packages import Guides, Package, archive, read
from packages.archives import MANIFEST, SYSTEM, guide, tar, tgz

PATIENT = {"resourceType": "Patient", "id": "p"}


def refused(source, code, place=None):
    with pytest.raises(CamphoraError) as caught:
        read(source)
    assert caught.value.code == code
    assert caught.value.text("zh-TW")
    assert caught.value.remedy("en")
    assert place is None or place in str(caught.value.place)
    return caught.value


def test_a_package_says_what_it_is_and_holds_its_definitions():
    package = read(guide(title="顏色"))
    assert (package.label, package.licence, package.title) == ("org.example.ig#1.2.0", "CC0-1.0", "顏色")
    assert list(package.definitions()) == [SYSTEM]
    assert package.by_url("http://example.org/colours|1.2.0") == SYSTEM


def test_a_path_is_read_as_its_bytes_are(tmp_path):
    (tmp_path / "x.tgz").write_bytes(guide())
    assert list(read(tmp_path / "x.tgz").definitions()) == [SYSTEM]
    assert read(str(tmp_path / "x.tgz")).data == read(guide()).data
    with pytest.raises(NotFound):
        read(tmp_path / "none.tgz")
    with pytest.raises(NotFound):
        read(tmp_path)


@pytest.mark.parametrize("path", ["package/example/a.json", "package/examples/deep/a.json", "package/a.json"])
def test_a_resource_that_defines_nothing_is_an_example_wherever_it_lies(path):
    package = read(guide({path: PATIENT}))
    assert list(package.examples()) == [PATIENT]
    assert list(package.definitions()) == [SYSTEM]


def test_an_example_that_could_define_something_is_not_found_by_its_address():
    package = read(guide({"package/example/x.json": {**SYSTEM, "url": "http://example.org/shown"}}))
    assert Guides([package]).find("http://example.org/shown") is None
    assert len(list(package.examples())) == 1


def test_what_is_no_resource_is_passed_over():
    package = read(
        guide(
            {
                "package/.index.json": {"index-version": 1, "files": []},
                "package/other/spec.internals": b"{",
                "package/other/broken.json": b"{",
                "package/openapi/x.openapi.json": b"\xef\xbb\xbf{",
                "package/xml/a.sch": b"<x/>",
                "package/ig-r4.jsonld": b"?",
                "package/notes.json": {"no": "resource"},
                "package/list.json": {"resourceType": ["ValueSet"], "url": {"a": 1}},
                "package/number.json": {"resourceType": 5},
                "package/example/package.json": {"name": "not the package's own"},
            }
        )
    )
    assert len(package.entries) == 1
    assert package.name == MANIFEST["name"]


def test_a_byte_order_mark_is_no_fault_and_decimals_keep_their_digits():
    body = b'\xef\xbb\xbf{ "resourceType": "Observation",\n "id": "o", "valueDecimal": 1.00}'
    package = read(guide({"package/example/o.json": body}))
    entry = next(e for e in package.entries if e.example)
    assert package.raw(entry) == b'{"resourceType":"Observation","id":"o","valueDecimal":1.00}'


def test_files_need_not_lie_in_a_folder_named_package():
    import json

    found = read(tgz({"package.json": json.dumps(MANIFEST).encode(), "a.json": json.dumps(SYSTEM).encode()}))
    assert list(found.definitions()) == [SYSTEM]


def test_a_definition_that_cannot_be_understood_is_left_out_and_named():
    odd = {**SYSTEM, "url": "http://example.org/odd", "concept": [{"code": "a", "property": [5]}, "x"]}
    lacking = {"resourceType": "ValueSet", "id": "x" * 70, "url": "http://example.org/lacking"}
    package = read(guide({"package/CodeSystem-odd.json": odd, "package/ValueSet-l.json": lacking}))
    assert {entry.url for entry in package.entries} == {SYSTEM["url"], lacking["url"]}
    (wrong,) = package.misshapen
    assert (wrong.type, wrong.url, wrong.version) == ("CodeSystem", odd["url"], "1.2.0")
    assert [(fault.place.file, fault.place.path) for fault in wrong.faults] == [
        ("package.tgz!CodeSystem-odd.json", "CodeSystem.concept[0].property[0]"),
        ("package.tgz!CodeSystem-odd.json", "CodeSystem.concept[1]"),
    ]
    assert Package.load(package.data).misshapen == ()
    notice = wrong.notice()
    assert (notice.facts["n"], notice.facts["fault"]) == (2, "fhir-type")
    assert all(odd["url"] in notice.text(lang) and notice.remedy(lang) for lang in ("zh-TW", "en"))


def test_an_element_of_a_profile_that_lacks_its_path_is_not_understood():
    head = {"resourceType": "StructureDefinition", "url": "http://example.org/p", "type": "Patient"}
    odd = {**head, "differential": {"element": [{"id": "Patient"}]}}
    (wrong,) = read(guide({"package/SD.json": odd})).misshapen
    assert wrong.faults[0].place.path == "StructureDefinition.differential.element[0].path"
    assert read(guide({"package/SD.json": head})).misshapen == ()


def test_an_example_may_be_as_wrong_as_it_likes():
    package = read(guide({"package/example/p.json": {**PATIENT, "name": 5}}))
    assert [one["name"] for one in package.examples()] == [5]


def test_broken_json_is_named_with_its_file_and_line():
    error = refused(guide({"package/ValueSet-x.json": b'{"resourceType":\n oops}'}), "fhir-json-broken")
    assert "ValueSet-x.json:2" in str(error.place)


@pytest.mark.parametrize(
    ("manifest", "code"),
    [
        ({"name": "../../etc/passwd"}, "packages-name"),
        ({"name": "a..b"}, "packages-name"),
        ({"name": None}, "packages-name"),
        ({"version": "1/../2"}, "packages-version"),
        ({"version": 1}, "packages-version"),
        ({"fhirVersions": ["5.0.0"]}, "packages-not-r4"),
        ({"fhirVersions": ["4.3.0"]}, "packages-not-r4"),
    ],
)
def test_a_manifest_that_will_not_do_is_refused(manifest, code):
    refused(guide(**manifest), code, "package.json")


def test_a_profile_of_another_release_is_refused_by_its_file():
    other = {"resourceType": "StructureDefinition", "fhirVersion": "5.0.0", "url": "http://example.org/x"}
    refused(guide({"package/SD.json": other}), "packages-not-r4", "SD.json")


def test_an_archive_without_manifest_is_refused():
    refused(tgz({"package/a.json": b"{}"}), "packages-no-manifest")


@pytest.mark.parametrize(
    "path", ["package/../../x.json", "/etc/x.json", "..\\x.json", "C:\\x.json", "\\x.json"]
)
def test_paths_that_lead_outside_are_refused(path):
    refused(guide({path: b"{}"}), "packages-path")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(kind):
    refused(tgz({"package/x.json": b""}, {"package/x.json": kind}), "packages-link", "x.json")


@pytest.mark.parametrize(
    "data",
    [b"", b"not an archive", gzip.compress(b"not a tar"), guide()[:-20], guide()[: len(guide()) // 2],
     guide()[:-6] + b"\0\0\0\0\0\0", gzip.compress(tar({"package/x.json": b"{}" * 400})[:700])],
    ids=["empty", "text", "gzip of no tar", "cut short", "half", "wrong sum", "half a tar"],
)  # fmt: skip
def test_a_broken_archive_is_refused(data):
    refused(data, "packages-archive", "package.tgz")


def test_a_bomb_is_refused_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 20)
    big = guide({f"package/other/{n}.bin": bytes(1 << 19) for n in range(4)})
    assert len(big) < 20_000
    assert isinstance(refused(big, "packages-bytes"), TooLarge)


def test_a_file_of_empty_lists_is_refused_before_they_are_made():
    lists = b'{"resourceType":"ValueSet","x":[' + b"[]," * archive.MOST_VALUES + b"[]]}"
    bomb = guide({"package/ValueSet-x.json": lists})
    assert len(bomb) < 20_000
    tracemalloc.start()
    assert isinstance(refused(bomb, "packages-values", "ValueSet-x.json"), TooLarge)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(lists)


def test_a_json_file_is_bounded_where_others_are_passed_over(monkeypatch):
    monkeypatch.setattr(archive, "MOST_JSON_BYTES", 1 << 12)
    text = {"package/x.json": {**SYSTEM, "description": "x" * (1 << 12)}}
    refused(guide(text), "packages-member", "x.json")
    assert len(read(guide({"package/other/spec.internals": bytes(1 << 13)})).entries) == 1


def test_one_huge_file_many_files_and_deep_folders_are_refused(monkeypatch):
    monkeypatch.setattr(archive, "MOST_MEMBER_BYTES", 1 << 16)
    refused(guide({"package/x.bin": bytes(1 << 17)}), "packages-member", "x.bin")
    refused(guide({"package/" + "d/" * 9 + "x.json": b"{}"}), "packages-member")
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    refused(guide({f"package/{n}.txt": b"" for n in range(3)}), "packages-many")


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_a_head_that_asks_for_a_huge_name_is_refused_unread(kind, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 1 << 24)
    member = tarfile.TarInfo("package/x")
    member.type, member.size = kind, 1 << 26
    refused(gzip.compress(member.tobuf() + bytes(1 << 26)), "packages-archive")


def test_progress_counts_the_resources():
    seen = []
    read(guide({f"package/{n}.json": {**SYSTEM, "id": str(n)} for n in range(5)}), progress=seen.append)
    assert seen == [6]


def test_a_damaged_kept_file_is_told():
    data = read(guide()).data
    assert Package.load(data).label == "org.example.ig#1.2.0"
    for broken in (b"", data[:40], b"x" + data, data[:10] + b"\0" * 40 + data[50:]):
        with pytest.raises(CamphoraError) as caught:
            Package.load(broken)
        assert caught.value.code == "packages-broken"


def tell(data):
    """Read a package that may be anything: it has a name, or the fault has its words."""
    try:
        found = read(data).label
    except (Invalid, TooLarge) as error:
        found = error.text("zh-TW") + error.remedy("en")
    assert found


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_any_changed_byte_gives_a_package_or_a_told_fault(at, byte, inside):
    data = bytearray(tar({"package/package.json": b'{"name":"a.b","version":"1"}', "package/x.json": b"{}"}))
    if not inside:
        data = bytearray(gzip.compress(bytes(data), mtime=0))
    data[at % len(data)] = byte
    tell(gzip.compress(bytes(data)) if inside else bytes(data))


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=60), st.binary(max_size=60), max_size=4))
def test_any_files_give_a_package_or_a_told_fault(files):
    names = {
        name.replace("\0", "_").encode("utf-8", "replace").decode(): body for name, body in files.items()
    }
    tell(guide(names))
