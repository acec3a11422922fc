"""`python leading_place.py FOLDER HOST PROCESSES`: serve an installation, without what `camphora serve` loads at its
start; prints the port once all its processes answer."""

import sys
from pathlib import Path

from camphora.cli.serving import listen, serve
from camphora.installation import Installation


def _told(listening):
    def told():
        sys.stdout.write(f"{listening.getsockname()[1]}\n")
        sys.stdout.flush()

    return told


if __name__ == "__main__":
    folder, host, processes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    listening = listen(0, host)
    installation = Installation.open(folder)
    try:
        serve(installation, listening, "en", _told(listening), processes)
    finally:
        installation.close()
        listening.close()
