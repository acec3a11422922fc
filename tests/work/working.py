"""Officers with areas, and a store in which they work."""

from camphora.policy import Reader, Role
from camphora.policy.asking import Scope
from camphora.policy.internal import working

KEY = "ili-2019-05-65000-all"
COUNTY, TOWNSHIP, OTHER = "65000", "65000220", "64000"
NOON = 1_767_000_000_000
"""2025-12-29 17:20 in Taipei."""


def officer(name, *areas, organisation=None):
    scope = Scope(frozenset(areas))
    return Reader(name, name.title(), Role.OFFICER, organisation=organisation, scope=scope)


def at_work(name, *areas, organisation=None):
    return working(officer(name, *areas, organisation=organisation))


class Clock:
    """Milliseconds UTC that a test moves."""

    def __init__(self, now=NOON):
        self.now = now

    def __call__(self):
        self.now += 1000
        return self.now

    def days(self, count):
        self.now += count * 86_400_000
