"""A worker that is killed, a leader that is killed, and an end in order."""

import http.client
import os
import signal
import threading

from camphora.audit import verify
from camphora.installation import Installation
from camphora.policy import Reader, Role
from workers.places import eventually, is_alive, leading


class Asking(threading.Thread):
    """Reads one record over and over, and counts what was answered, until nobody answers."""

    def __init__(self, client, path):
        super().__init__()
        self.client, self.path = client, path
        self.answered = 0

    def run(self):
        try:
            while self.client.ask(self.path)[0] == 200:
                self.answered += 1
        except (OSError, http.client.HTTPException):
            return


def asking(place, token, number):
    """So many that ask at both processes, each already answered once."""
    threads = [Asking(place.client(token), f"/fhir/Observation/o{1 + at % 3}") for at in range(number)]
    for each in threads:
        each.start()
    eventually(lambda: all(each.answered > 3 for each in threads))
    return threads


def test_workers_that_are_killed_lose_no_receipt_and_come_anew(copied):
    folder, tokens = copied
    with leading(folder) as place:
        first = place.workers
        threads = asking(place, tokens["lin"], 4)
        os.kill(first[0], signal.SIGKILL)
        eventually(lambda: not all(each.is_alive() for each in threads))
        again = eventually(lambda: [each for each in place.workers if each not in first])
        assert again
        for each in threads:
            each.client.connection.timeout = 5
        place.leader.send_signal(signal.SIGTERM)
        assert place.leader.wait(60) == 0, "an end in order, by SIGTERM"
        for each in threads:
            each.join()
    assert not any(is_alive(each) for each in (*first, *again))
    kept = [each for each in place.lines() if each["reader"] == "lin" and each["act"] == "read"]
    assert len(kept) >= sum(each.answered for each in threads)
    assert verify(place.folder / "audit").sound


def test_a_leader_that_is_killed_takes_its_workers_with_it_and_no_receipt_is_lost(copied):
    folder, tokens = copied
    with leading(folder) as place:
        workers = place.workers
        threads = asking(place, tokens["lin"], 4)
        place.leader.kill()
        place.leader.wait()
        eventually(lambda: not any(is_alive(each) for each in workers))
        for each in threads:
            each.join()
    answered = sum(each.answered for each in threads)
    opened = Installation.open(place.folder)
    ada = Reader("ada", "王小明", Role.CITIZEN, person="ada")
    looks = opened.store.looks(opened.gate.access(ada), "ada", 1_000_000)
    opened.close()
    assert len([each for each in looks if each.reader == "lin"]) >= answered
    assert verify(place.folder / "audit").sound
