"""For which use, and on which legal basis, `/ask` asks: what this reader may name, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from camphora.errors import Invalid
from camphora.gate import Gate
from camphora.gate.bases import Claim
from camphora.gate.gate import Grounds
from camphora.gate.projects import SYSTEM, Project
from camphora.gate.state import now
from camphora.lake import Answer
from camphora.pages.words import Words
from camphora.policy import Purpose, Reader
from camphora.policy.admission import USUAL, USUAL_SECONDARY
from camphora.policy.choices import secondary_tops
from camphora.policy.codes import ancestry
from camphora.web.asked import Asked
from camphora.web.contexts import Field

PROJECT = "project:"


@dataclass(frozen=True, slots=True)
class Using:
    """What a reader may name: uses that do not stand below care, the projects that they belong to and the legal
    bases that are in force for them."""

    usual: str
    codes: tuple[str, ...]
    projects: tuple[Project, ...]
    claims: tuple[Claim, ...]
    titles: dict[str, str]

    @classmethod
    def of(cls, gate: Gate, reader: Reader, words: Words) -> Self:
        usual = USUAL_SECONDARY.get(reader.role, USUAL[Purpose.SECONDARY])
        codes = [code for code in secondary_tops() if "TREAT" not in ancestry(code)]
        codes.sort(key=lambda code: (code != usual, code))
        at = now()
        claims = tuple(each for each in gate.bases.of(reader.id) if each.state(at) == "in-force")
        titles = {key: row.title[words.lang] for key, row in gate.policy.bases.items()}
        return cls(usual, tuple(codes), tuple(gate.projects.of(reader.id)), claims, titles)

    def grounds(self, asked: Asked) -> Grounds:
        """What the question claims. The gate decides whether it holds; Invalid for what nobody could name."""
        use, basis = asked.use or self.usual, asked.basis
        if use.startswith(PROJECT):
            use = f"{SYSTEM}|{use.removeprefix(PROJECT)}"
        elif use not in self.codes:
            raise Invalid("web-question-choice", name="use")
        if basis and not (basis.isascii() and basis.isdecimal() and len(basis) < 16):
            raise Invalid("web-question-choice", name="basis")
        return Grounds((use,), int(basis) if basis else None)

    def fields(self, asked: Asked, words: Words) -> list[Field]:
        """The selects of the form; that of bases only where one is in force."""
        uses = [(code, words(f"use.{code}")) for code in self.codes]
        uses += [
            (f"{PROJECT}{each.id}", words("ask.project", title=each.title, id=each.id))
            for each in self.projects
        ]
        made = [Field("use", words("ask.label.use"), "select", asked.use or self.usual, uses)]
        if self.claims:
            bases = [(str(each.no), self._title(each, words)) for each in self.claims]
            listed = [("", words("ask.no_basis")), *bases]
            made.append(Field("basis", words("ask.label.basis"), "select", asked.basis, listed))
        return made

    def _title(self, claim: Claim, words: Words) -> str:
        return words("ask.basis_of", title=self.titles.get(claim.basis, claim.basis), number=claim.no)

    def noted(self, asked: Asked, answer: Answer) -> Claim | None:
        """The claim on which the answer was asked though choices stood before it; None where none was named, or where
        it stood before them."""
        if answer.basis or not asked.basis:
            return None
        return next((each for each in self.claims if each.no == int(asked.basis)), None)

    def told(self, asked: Asked, answer: Answer, words: Words) -> dict[str, str]:
        """For what the answer was given, and on which basis; that nobody's choice gave way is told too."""
        named = [self._use(code, words) for code in answer.purposes]
        noted = self.noted(asked, answer)
        if noted:
            basis = words("ask.basis_noted", title=self._title(noted, words))
        else:
            basis = self.titles.get(answer.basis, answer.basis) if answer.basis else words("ask.by_choices")
        return {words("ask.label.use"): words("mark.comma").join(named), words("ask.label.basis"): basis}

    def _use(self, code: str, words: Words) -> str:
        system, _, project = code.rpartition("|")
        if system != SYSTEM:
            return words(f"use.{code}")
        title = next((each.title for each in self.projects if each.id == project), project)
        return words("ask.project", title=title, id=project)
