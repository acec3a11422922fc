"""The tree of commands, read from the modules that hold them, with help in the reader's language."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from camphora import __version__
from camphora.cli.terminal import Terminal, usual_lang, words
from camphora.errors import Invalid, Lang
from camphora.policy.paths import Reach, read_path

NOUNS = (
    "demo",
    "serve",
    "load",
    "user",
    "token",
    "gate",
    "backup",
    "restore",
    "drill",
    "audit",
    "records",
    "persons",
    "system",
    "watch",
    "package",
    "convert",
    "validate",
    "fhirpath",
    "terminology",
)
"""Each is a module of this folder with a function `add`."""


_SAID = {
    "required": r"(?:the following arguments are required: |one of the arguments )(?P<what>.+?)(?: is required)?",
    "unknown": r"unrecognized arguments: (?P<what>.+)",
    "choice": r"argument (?P<argument>.+?): invalid choice: (?P<what>.+) \(choose from (?P<known>.+)\)",
    "value": r"argument (?P<argument>.+?): invalid \S+ value: (?P<what>.+)",
    "one": r"argument (?P<argument>.+?): expected one argument",
    "some": r"argument (?P<argument>.+?): expected at least one argument",
    "none": r"argument (?P<argument>.+?): ignored explicit argument .+",
    "together": r"argument (?P<argument>.+?): not allowed with argument (?P<what>.+)",
    "ambiguous": r"ambiguous option: (?P<argument>.+) could match (?P<what>.+)",
}
"""The English sentences of argparse, by the name under `usage` of what we say instead."""


class Parser(argparse.ArgumentParser):
    """A parser whose refusals are errors of ours: a sentence, a code and a remedy in the reader's language."""

    lang: Lang = "en"

    def error(self, message: str) -> NoReturn:
        raise Invalid("cli-usage", command=self.prog, said=said_so(message, self.lang))


def said_so(message: str, lang: Lang) -> str:
    """What argparse says of a wrong use, in the reader's language."""
    for name, pattern in _SAID.items():
        if found := re.fullmatch(pattern, message, re.DOTALL):
            facts = {key: text.replace("'", "") for key, text in found.groupdict().items()}
            return words(lang)(f"usage.{name}", **facts)
    return message


class Tree:
    """Adds commands with the words of `strings/`: `NAME.help` and `NAME.example`."""

    def __init__(self, parser: argparse.ArgumentParser, lang: Lang) -> None:
        self.lang = lang
        self.words = words(lang)
        self._under = parser.add_subparsers(
            metavar=self.words("top.command"), title=self.words("top.commands")
        )

    def command(
        self, name: str, run: Callable[[Any, Terminal], int | None], key: str = "", reach: Reach = "nothing"
    ) -> argparse.ArgumentParser:
        """A command that runs, declared as a read path; `key` names its words where the verb alone would not."""
        read_path(f"command.{key or name}", "command", reach)
        made = self._add(name, key or name)
        made.set_defaults(run=run)
        return made

    def noun(self, name: str) -> Tree:
        """A noun with verbs below it."""
        return Tree(self._add(name, name), self.lang)

    def mention(self, name: str) -> None:
        """A noun by its help alone."""
        self._add(name, name)

    def _add(self, name: str, key: str) -> argparse.ArgumentParser:
        help_text, example = self.words(f"{key}.help"), self.words(f"{key}.example")
        made = self._under.add_parser(
            name,
            help=help_text,
            description=help_text,
            epilog=f"{self.words('top.example')}:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
        )
        if isinstance(made, Parser):
            made.lang = self.lang
        _common(made, self.lang)
        made.set_defaults(run=None, help=made.print_help)
        return made


def build(arguments: list[str], only: str | None = None) -> tuple[argparse.ArgumentParser, Terminal]:
    """The parser and the terminal, in the language that the arguments or the environment ask for.

    `only`: load the command of this name and just mention the others, so that each starts quickly."""
    terminal = Terminal(_asked_lang(arguments), json="--json" in arguments)
    parser = Parser(
        prog="camphora",
        description=terminal.words("top.about"),
        epilog=f"{terminal.words('top.example')}:\n  camphora demo\n\n{terminal.words('top.codes')}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    parser.lang = terminal.lang
    _common(parser, terminal.lang)
    parser.add_argument(
        "--version", action="version", version=f"camphora {__version__}", help=terminal.words("top.version")
    )
    parser.set_defaults(run=None, help=parser.print_help)
    tree = Tree(parser, terminal.lang)
    for noun in NOUNS:
        if only is None or noun == only:
            import_module(f"camphora.cli.{noun}").add(tree)
        else:
            tree.mention(noun)
    return parser, terminal


def _common(parser: argparse.ArgumentParser, lang: Lang) -> None:
    said = words(lang)
    group = parser.add_argument_group(said("top.common"))
    group.add_argument("-h", "--help", action="help", help=said("top.help"))
    group.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=said("top.json"))
    group.add_argument(
        "--lang",
        choices=("zh-TW", "en"),
        default=argparse.SUPPRESS,
        help=said("top.lang"),
        metavar="zh-TW|en",
    )


def _asked_lang(arguments: list[str]) -> Lang:
    for number, argument in enumerate(arguments):
        value = argument.removeprefix("--lang=") if argument.startswith("--lang=") else None
        if argument == "--lang" and number + 1 < len(arguments):
            value = arguments[number + 1]
        if value == "en":
            return "en"
        if value == "zh-TW":
            return "zh-TW"
    return usual_lang()
