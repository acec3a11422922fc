"""Synthetic readers with planted misuse: three institutions, a month of care, and who did what they should not."""

from random import Random

from camphora.audit.unusual import DAY, HOUR, Home, Known, Look

START = 1_790_000_000_000 // DAY * DAY
MIDNIGHT = 16 * HOUR
"""Midnight of Taiwan in milliseconds of a day UTC."""


class Wards:
    """`looks`, `known` and `homes` for `unusual`, and `misused`: the readers in whom misuse was planted."""

    def __init__(self, seed, readers=40, persons=6000):
        self.chance = Random(seed)
        self.looks, self.misused, self.homes, self.known = [], {}, {}, {}
        self._people(persons)
        self.staff = [f"h{place}-{number}" for place in range(3) for number in range(readers)]
        for reader in self.staff:
            self.homes[reader] = self._home()
            self._usual_month(reader)
        self._plant()

    def _home(self):
        village = f"村{self.chance.randrange(300)}"
        return Home(
            village, f"{village}中山路{self.chance.randrange(900)}號", self.chance.choice("陳林黃張李王吳劉")
        )

    def _people(self, count):
        self.seen = {f"h{place}": [] for place in range(3)}
        for person in range(count):
            place = f"h{person % 3}"
            day = START // DAY + self.chance.randrange(30)
            self.known[person] = Known(self._home(), {place: (day,)}, person % 1000 == 999)
            self.seen[place].append(person)

    def look(self, reader, at, person, **more):
        role = "nurse" if int(reader.split("-")[1]) % 3 else "clinician"
        self.looks.append(Look(len(self.looks), at, reader, role, reader.split("-")[0], (person,), **more))

    def _usual_month(self, reader):
        """Patients of the own institution by day, some nights on duty, and a stranger now and then: a call, a slip."""
        place, pace = reader.split("-")[0], self.chance.uniform(6, 16)
        for day in range(30):
            night = self.chance.random() < 0.15
            for _ in range(self.chance.randint(int(pace * 0.6), int(pace * 1.3))):
                hour = (
                    MIDNIGHT + self.chance.uniform(0, 5) * HOUR if night else self.chance.uniform(1, 9) * HOUR
                )
                stranger = self.chance.random() < 0.01
                person = (
                    self.chance.randrange(len(self.known))
                    if stranger
                    else self.chance.choice(self.seen[place])
                )
                self.look(reader, int(START + day * DAY + hour), person)

    def _strangers(self, reader, holds=lambda _: True):
        place = reader.split("-")[0]
        return [number for number, one in self.known.items() if place not in one.encounters and holds(one)]

    def _plant(self):
        guilty = self.chance.sample(self.staff, 12)
        kinds = (
            ["neighbour"] * 3 + ["well-known"] * 2 + ["sweep"] * 3 + ["far-more"] * 2 + ["no-encounter"] * 2
        )
        for reader, kind in zip(guilty, kinds, strict=True):
            self.misused[reader] = kind
            getattr(self, "_" + kind.replace("-", "_"))(reader)

    def _neighbour(self, reader):
        home = self.homes[reader]
        near = self._strangers(reader, lambda one: one.home.village == home.village)[:3]
        for person in self._strangers(reader)[: 3 - len(near)]:
            self.known[person] = Known(
                Home(home.village, f"{home.village}中正路1號", "何"), self.known[person].encounters
            )
            near.append(person)
        for person in near:
            self.look(reader, START + 5 * DAY + 3 * HOUR, person)

    def _well_known(self, reader):
        for person in self._strangers(reader, lambda one: one.well_known)[:2]:
            self.look(reader, START + 6 * DAY + 3 * HOUR, person)

    def _sweep(self, reader):
        for number, person in enumerate(self.chance.sample(self.seen[reader.split("-")[0]], 40)):
            self.look(reader, START + 7 * DAY + MIDNIGHT + 2 * HOUR + number * 60_000, person)

    def _far_more(self, reader):
        for number, person in enumerate(self.chance.sample(self.seen[reader.split("-")[0]], 90)):
            self.look(reader, START + 8 * DAY + HOUR + number * 240_000, person)

    def _no_encounter(self, reader):
        for number, person in enumerate(self.chance.sample(self._strangers(reader), 25)):
            self.look(reader, START + (3 + number) * DAY + 4 * HOUR, person)
