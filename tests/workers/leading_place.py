"""`python leading_place.py FOLDER HOST WORKERS`: serve an installation, without what `camphora serve` loads at its
start; prints the port once all its processes answer. What comes from 127.0.0.2 the leader keeps to itself."""

import sys
from pathlib import Path

from camphora.cli.serving import listen, serve
from camphora.cli.workers import Leader
from camphora.installation import Installation


def _told(listening):
    def told():
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()

    return told


if __name__ == "__main__":
    folder, host, workers = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    usual = Leader._chosen
    Leader._chosen = lambda self, client: None if client == "127.0.0.2" else usual(self, client)
    listening = listen(0, host)
    installation = Installation.open(folder)
    try:
        serve(installation, listening, "en", _told(listening), workers)
    finally:
        installation.close()
        listening.close()
