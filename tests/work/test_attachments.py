"""Files beside a signal: bounded, of a few types by their content, with their digest in the ledger, of the own area."""

import base64
import hashlib
import io
import zipfile

import orjson
import pytest

from camphora.errors import CamphoraError
from camphora.fhir.packages import Guides
from camphora.fhir.validation import Validator
from camphora.policy.internal import loading
from camphora.records import Put
from camphora.work import attached
from camphora.work.attachments import MANY, MOST
from work.test_pages import browser, hidden, installation, key, spoken  # noqa: F401 - fixtures
from work.working import KEY, OTHER, TOWNSHIP, at_work

PDF = b"%PDF-1.7\n%..."
PNG = b"\x89PNG\r\n\x1a\nrest"


def workbook(*names):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return held.getvalue()


def refused(done, *given):
    with pytest.raises(CamphoraError) as error:
        done(*given)
    return error.value.code


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("調查.pdf", PDF, "application/pdf"),
        ("chart.PNG", PNG, "image/png"),
        ("photo.jpeg", b"\xff\xd8\xff\xe0..", "image/jpeg"),
        ("rows.csv", "日期,人次\n".encode(), "text/csv"),
        ("note.txt", "來電紀錄".encode(), "text/plain"),
        ("rows.xlsx", workbook("xl/workbook.xml"), attached("x.xlsx", workbook("xl/workbook.xml")).kind),
    ],
)
def test_a_file_is_what_its_content_says(name, content, kind):
    found = attached(name, content)
    assert (found.kind, found.name) == (kind, name)
    assert found.digest == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"<script>alert(1)</script>", "work-file-type"),
        ("a.html", b"<p>", "work-file-type"),
        ("a.svg", b"<svg/>", "work-file-type"),
        ("a.png", PDF, "work-file-type"),
        ("a", PDF, "work-file-type"),
        ("a.txt", b"\xff\xfe\x00", "work-file-type"),
        ("a.txt", b"a\x00b", "work-file-type"),
        ("a.xlsx", workbook("xl/workbook.xml", "xl/vbaProject.bin"), "work-file-type"),
        ("a.xlsx", workbook("word/document.xml"), "work-file-type"),
        ("a.xlsx", b"PK\x03\x04broken", "work-file-type"),
        ("a.txt", b"", "work-file-empty"),
        ("a.txt", b"x" * (MOST + 1), "work-file-large"),
    ],
)
def test_what_is_no_file_to_keep_is_refused(name, content, code):
    assert refused(attached, name, content) == code


def test_a_name_leads_nowhere():
    assert attached("..\\..\\etc/pass\x00wd\u202e.pdf", PDF).name == "pass wd.pdf"
    assert len(attached("長" * 500 + ".pdf", PDF).name) == 124


def test_a_file_stands_in_the_ledger_with_its_digest_and_comes_back_as_it_was(ledger, ann, bob):
    work = ledger.take(ann, KEY)
    file = attached("rows.csv", b"a,b\n1,2\n")
    after = ledger.attach(bob, work.id, file, "衛生所來函")
    assert (after.state, after.version, after.owner) == ("taken", 2, work.owner)
    (found,) = ledger.files(ann, after)
    assert (found.name, found.kind, found.size, found.digest) == ("rows.csv", "text/csv", 8, file.digest)
    assert ledger.file(ann, work.id, found.id) == (found, file.content)
    step = ledger.history(ann, after)[-1]
    assert (step.act, step.who.account) == ("attach", "bob")
    assert file.digest in step.text
    assert "衛生所來函" in step.text
    ledger.judge(ann, work.id, 2, "artefact")
    assert ledger.files(ann, work) == (found,)


def test_it_is_no_work_of_its_own(ledger, ann):
    work = ledger.take(ann, KEY)
    ledger.attach(ann, work.id, attached("a.pdf", PDF))
    assert [one.id for one in ledger.open(ann)] == [work.id]
    assert ledger.requests(ann, work) == ()
    (file,) = ledger.files(ann, work)
    assert refused(ledger.one, ann, file.id) == "work-not-found"


def test_officers_of_other_areas_see_no_file(ledger, store, ann):
    work = ledger.take(ann, KEY)
    ledger.attach(ann, work.id, attached("a.pdf", PDF))
    (file,) = ledger.files(ann, work)
    for area in (OTHER, TOWNSHIP):
        far = at_work("far", area)
        assert refused(ledger.file, far, work.id, file.id) == "work-not-found"
        assert refused(ledger.attach, far, work.id, attached("b.pdf", PDF + b"2")) == "work-not-found"
        assert refused(store.read, far, "Task", file.id) == "records-not-found"
    assert refused(ledger.file, ann, work.id, work.id) == "work-not-found"
    other = ledger.take(ann, KEY.replace("-05-", "-06-"))
    assert refused(ledger.file, ann, other.id, file.id) == "work-not-found"


def test_the_same_file_stands_there_once_and_there_are_not_more_than_many(ledger, ann):
    work = ledger.take(ann, KEY)
    for number in range(MANY):
        ledger.attach(ann, work.id, attached("a.txt", f"{number}".encode()))
    assert refused(ledger.attach, ann, work.id, attached("b.txt", b"0")) == "work-file-there"
    assert refused(ledger.attach, ann, work.id, attached("b.txt", b"new")) == "work-file-many"
    assert ledger.one(ann, work.id).version == MANY + 1


def test_a_file_that_was_changed_underneath_is_not_given_out(ledger, store, ann):
    work = ledger.take(ann, KEY)
    ledger.attach(ann, work.id, attached("a.pdf", PDF))
    (file,) = ledger.files(ann, work)
    body = orjson.loads(store.read(loading("test"), "Task", file.id).body)
    body["input"][0]["valueAttachment"]["data"] = base64.b64encode(PDF + b"!").decode()
    store.write(loading("test"), [Put(body)])
    assert refused(ledger.file, ann, work.id, file.id) == "work-file-changed"


def test_its_records_are_sound_fhir(ledger, store, ann):
    work = ledger.take(ann, KEY)
    ledger.attach(ann, work.id, attached("a.pdf", PDF))
    (file,) = ledger.files(ann, work)
    validator = Validator(Guides.bundled())
    for name in (work.id, file.id):
        body = orjson.loads(store.read(ann, "Task", name).body)
        assert [one for one in validator.validate(body) if one.severity == "error"] == []


def test_an_officer_attaches_in_the_browser_without_a_script(browser):  # noqa: F811
    ann = browser("ann")
    page = ann.submit("/tasks/take", key=key(31))
    assert 'enctype="multipart/form-data"' in page.text
    there = {**hidden(page), "csrf": page.text.split('name="csrf" value="')[1].split('"')[0]}
    brought = {"file": ("調查.pdf", PDF, "text/html")}
    page = ann.post("/tasks/attach", data={**there, "text": "現場照片"}, files=brought)
    assert browser("bob", "en").get(f"/tasks/{there['id']}").status_code == 200
    assert page.status_code == 200
    assert "已加入附件" in spoken(page)
    assert "附件（1）" in spoken(page)
    assert hashlib.sha256(PDF).hexdigest() in spoken(page)
    address = page.text.split(f"/tasks/{there['id']}/files/")[1].split('"')[0]
    address = f"/tasks/{there['id']}/files/{address}"
    got = ann.get(address)
    assert got.content == PDF
    assert got.headers["content-type"] == "application/pdf"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["x-content-type-options"] == "nosniff"
    for name in ("far", "tom"):
        assert browser(name).get(address).status_code == 404
    for name in ("analyst", "keeper", "lin"):
        assert browser(name).get(address).status_code == 403
    again = ann.post("/tasks/attach", data=there, files=brought)
    assert again.status_code == 409
    assert "已在附件中" in spoken(again)
    wrong = ann.post(
        "/tasks/attach", data={**there, "text": "保留"}, files={"file": ("a.pdf", b"<p>", "application/pdf")}
    )
    assert wrong.status_code == 400
    assert "內容與副檔名不符" in spoken(wrong)
    assert "保留" in wrong.text
    assert ann.post("/tasks/attach", data=there).status_code == 400
    assert ann.post("/tasks/attach", data={**there, "csrf": "x"}, files=brought).status_code == 403
