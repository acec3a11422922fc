"""What an answer tells, without what differs by the clock or by chance; and whether two answers tell the same."""

import hashlib
import re
import sys
import time
from contextlib import contextmanager
from functools import reduce
from itertools import count, zip_longest
from unittest.mock import patch
from urllib.parse import unquote, unquote_plus

from camphora.installation.exporting.job import read
from camphora.records import writing

VARIES = [
    (re.compile(r"(\$export-job)/[\w-]{20,40}"), r"\1/JOB"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00|\+08:00)"), "TIME"),
    (re.compile(r'name="csrf" value="[^"]+"'), "CSRF"),
    (re.compile(r"\b1[789]\d{11}\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{16,128}\b"), "HASH"),
    (re.compile(r"\b[a-km-np-z2-9]{20}\b"), "NEWID"),
    (re.compile(r"(_?page)=[\w.-]+"), r"\1=TOKEN"),
    (re.compile(r"\b\d{1,2}:\d\d\b"), "TIME"),
]
ISSUING = ("camphora.records.prepare", "camphora.web.fhir.resolving")
"""Where records that are created are given their ids."""
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
COMPARED = count()
PATIENCE = 60
LENGTHLESS = {"content-length", "set-cookie"}


def said(answer):
    """All that an answer tells: status, headers, names of cookies and body. An answer to HEAD tells its length."""
    headers = {
        key: "TIME" if key in {"date", "expires", "last-modified"} else masked(value)
        for key, value in sorted(answer.headers.items())
        if key not in LENGTHLESS
    }
    length = answer.headers.get("content-length") if answer.request.method == "HEAD" else None
    cookies = sorted(text.partition("=")[0] for text in answer.headers.get_list("set-cookie"))
    return answer.status_code, headers, cookies, length, masked(answer.text)


def masked(text):
    for pattern, name in VARIES:
        text = pattern.sub(name, text)
    return text


def asked(answer):
    """What the request held, in plain letters."""
    return unquote_plus(str(answer.request.url) + (answer.request.content or b"").decode(errors="replace"))


@contextmanager
def issuing(client, number):
    """New ids that tell nothing by chance: the same for the same request of one comparison in both worlds, so that what
    is in order of ids stands alike in them."""
    requests, asked, issued = count(), -1, count()

    def begun(_):
        nonlocal asked, issued
        asked, issued = next(requests), count()

    def new_id():
        digest = hashlib.sha256(f"{number} {asked} {next(issued)}".encode()).digest()
        return "".join(ALPHABET[byte % len(ALPHABET)] for byte in digest[:20])

    client.event_hooks["request"].append(begun)
    records, bundles = (patch.object(sys.modules[module], "new_id", new_id) for module in ISSUING)
    with records, bundles, patch.object(writing, "_now", later(writing._now)):
        yield client


def later(now):
    """The time of a version, a millisecond or more after that of the one written before: no order is left to chance."""
    last = 0

    def moment(row):
        nonlocal last
        last = max(now(row), last + 1)
        return last

    return moment


def _answers(attack, world, her, number):
    """The answers, and what the log says of them."""
    log = world.installation.store.audit
    before = len(log)
    with issuing(client_of(world, attack.by), number) as client:
        answers = list(attack.ask(client, her))
    settle(world)
    # The parts of a batch are asked side by side, so that the order of their lines is chance.
    return answers, sorted(map(str, (_line(log.receipt(each)) for each in range(before, len(log)))))


def settle(world):
    """Wait for exports that were begun and not waited for: their receipts belong to who began them."""
    until = time.monotonic() + PATIENCE
    while any(job.state == "running" for job in jobs(world.installation.folder / "exports")):
        assert time.monotonic() < until, "an export does not end"
        time.sleep(0.01)


def jobs(folder):
    return [job for job in map(read, folder.iterdir()) if job] if folder.exists() else []


def _line(fields):
    """What a line of the log tells to whoever cannot open its commitments, but for moments."""
    said = ("reader", "role", "purpose", "purposes", "ground", "act", "types", "decision", "policy")
    basis = str(fields["basis"]).partition(":")[0]
    return *(fields[name] for name in said), basis, len(fields["persons"]), bool(fields["members"])


def compare(attack, pair, her):
    """Ask in both worlds; raises AssertionError where the answers or the receipts that they leave differ, or where an
    answer holds a secret that the question did not. Returns the answers of the world with her."""
    number = next(COMPARED)
    (there, left), (absent, also) = (_answers(attack, world, her, number) for world in pair)
    assert len(there) == len(absent) > 0
    for one, other in zip(there, absent, strict=True):
        where = f"{one.request.method} {one.request.url}"
        assert one.status_code != 500, f"a fault of ours says nothing: {where}"
        assert said(one) == said(other), f"tells them apart: {where}"
    apart = [pair for pair in zip_longest(left, also) if pair[0] != pair[1]]
    assert not apart, f"the log tells them apart, {len(left)} and {len(also)} lines: {apart[:2]}"
    hold_no_secret(there, her)
    return there


def hold_no_secret(answers, her):
    """A manifest repeats the address of the question that began it, which is the asker's own."""
    begun = [unquote(str(answer.request.url)) for answer in answers]
    for answer in answers:
        question = asked(answer) + "".join(answer.request.headers.values())
        text = reduce(lambda left, address: left.replace(address, ""), begun, unquote(answer.text))
        for secret in her.secrets:
            assert secret not in text or secret in question, answer.request.url


def client_of(world, name):
    return world.anybody() if name == "nobody" else world.client(name)
