"""What is remembered for an Access is that Access's own, however many come and go."""

from dataclasses import replace

from builders import clinician
from camphora.records import remembering
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
