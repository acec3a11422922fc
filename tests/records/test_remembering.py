"""What is remembered for an Access is that Access's own, however many come and go."""

from dataclasses import replace

import pytest

from builders import clinician
from camphora.errors import Invalid
from camphora.fhir.search import parse_query
from camphora.policy import Access
from camphora.records import remembering
from camphora.records.paging import issue, redeem
from camphora.records.remembering import by_access


def test_another_access_never_has_the_value_of_one_that_is_gone(monkeypatch):
    monkeypatch.setattr(remembering, "MOST", 5)

    @by_access
    def ground(access, more, *, flag):
        return access.ground, more, flag

    for number in range(200):
        access = replace(clinician(), ground=f"g{number}")
        assert ground(access, 1, flag=True) == (f"g{number}", 1, True)
        assert ground(access, 2, flag=True) == (f"g{number}", 2, True)
        assert ground(access, 1, flag=False) == (f"g{number}", 1, False)
        del access


def test_it_is_made_once_and_forgotten_when_asked():
    made = []

    @by_access
    def count(access):
        made.append(access)
        return len(made)

    access = clinician()
    assert [count(access), count(access)] == [1, 1]
    count.cache_clear()
    assert count(access) == 2


def test_page_tokens_of_one_access_take_its_digest_once(monkeypatch):
    """It is the dearest piece of a token; another Access has another, and its tokens do not open."""
    taken, digest = [], Access.digest
    monkeypatch.setattr(Access, "digest", lambda self: taken.append(self) or digest(self))
    secret, mine, other = (
        bytes(32),
        replace(clinician(), ground="mine"),
        replace(clinician(), purposes=("X",)),
    )
    query = parse_query("Condition", [], strict=True)
    tokens = [issue(secret, mine, query, [number]) for number in range(3)]
    assert [redeem(secret, mine, query, token) for token in tokens] == [[0], [1], [2]]
    with pytest.raises(Invalid, match="records-page-token"):
        redeem(secret, other, query, tokens[0])
    assert taken == [mine, other]
