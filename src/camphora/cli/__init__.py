"""The command line: nouns and verbs, an example in each, results on stdout, progress and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from camphora.cli.parser import NOUNS, build
from camphora.cli.terminal import Terminal
from camphora.errors import Busy, CamphoraError, Faults

INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (see `camphora.errors`), 0 where it did what was asked."""
    asked = sys.argv[1:] if arguments is None else list(arguments)
    noun = next((argument for argument in asked if argument in NOUNS), "")
    parser, terminal = build(asked, only=noun)
    try:
        given = parser.parse_args(asked)
        if given.run is None:
            given.help()
            return 0
        return int(given.run(given, terminal) or 0)
    except KeyboardInterrupt:
        terminal.say("")
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except CamphoraError as error:
        for one in error.faults if isinstance(error, Faults) else [error]:
            terminal.error(one)
        return error.exit_code
    except OSError as error:
        said = Busy(
            "cli-machine", reason=error.strerror or type(error).__name__, file=str(error.filename or "-")
        )
        terminal.error(said)
        return said.exit_code


__all__ = ["Terminal", "main"]
