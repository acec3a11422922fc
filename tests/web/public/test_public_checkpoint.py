"""`/uses/checkpoint`: what a witness takes."""

import pytest

from camphora.audit import verify_consistency
from camphora.audit.checkpoints import read_checkpoint
from camphora.audit.heads import public_key
from camphora.audit.witnesses import Witness, read_addition


def note(browser, query=""):
    answer = browser().get(f"/uses/checkpoint{query}")
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


def asked(browser):
    """A question of secondary use, which leaves a receipt."""
    browser(user="analyst").get("/ask.csv?view=person")


def test_the_newest_head_is_signed_and_covers_every_receipt(browser, installation):
    asked(browser)
    log = installation.store.audit
    head = read_checkpoint(note(browser))
    assert head.is_signed_by(public_key(log.folder))
    assert (head.size, head.root) == (len(log), bytes.fromhex(log.head()["head"]["root"]))


def test_a_witness_takes_a_head_and_the_one_that_grows_from_it(browser, installation, tmp_path):
    key, witness = public_key(installation.store.audit.folder), Witness(tmp_path, "w")
    asked(browser)
    first = witness.take(read_addition(note(browser)), key)
    asked(browser)
    addition = read_addition(note(browser, f"?old={first.size}"))
    assert addition.old == first.size < addition.head.size
    assert verify_consistency(
        first.size, addition.head.size, list(addition.proof), first.root, addition.head.root
    )
    assert witness.take(addition, key).size == addition.head.size


@pytest.mark.parametrize("old", ["x", "-1", "999999999999", ""])
def test_an_old_size_that_never_was_gives_no_proof(browser, old):
    answer = browser().request("GET", f"/uses/checkpoint?old={old}")
    assert answer.status_code == (404 if old == "999999999999" else 200)
    assert not answer.text.startswith("old ")
