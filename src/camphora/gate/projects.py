# ruff: noqa: S608 - statements are composed of our own words; values are always bound
"""Projects of secondary use: who may ask in their name, for which purpose, until when, approved by whom."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import apsw

from camphora.errors import Conflict, Forbidden, Invalid, NotFound
from camphora.gate.state import State, now

SYSTEM = "https://camphora.tw/project"
COLUMNS = "id, title, purpose, approver, since, until, ended"


@dataclass(frozen=True, slots=True)
class Project:
    """A project. `purpose` is the v3-ActReason under which it stands; times in milliseconds UTC, `until` excluded."""

    id: str
    title: str
    purpose: str
    approver: str
    since: int
    until: int
    ended: int | None = None

    @property
    def code(self) -> str:
        """The purpose as a decision reads it."""
        return f"{SYSTEM}|{self.id}"

    def holds(self, at: int) -> bool:
        return self.since <= at < (self.until if self.ended is None else min(self.until, self.ended))


class Projects:
    """Keeps projects and who belongs to them."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, project: Project, members: Iterable[str]) -> None:
        """Register a project; an id is taken only once, and its approver is not one of its members."""
        names = sorted(set(members))
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9\-]{0,63}", project.id) or not project.title.strip():
            raise Invalid("gate-project")
        if not project.since < project.until:
            raise Invalid("gate-project")
        if project.approver in names or not project.approver.strip():
            raise Forbidden("gate-project-own")

        def job(connection: apsw.Connection) -> None:
            if next(connection.execute("SELECT 1 FROM project WHERE id = ?", (project.id,)), None):
                raise Conflict("gate-project-exists", id=project.id)
            values = (project.id, project.title.strip(), project.purpose, project.approver)
            connection.execute(
                "INSERT INTO project VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (*values, project.since, project.until),
            )
            connection.executemany(
                "INSERT INTO project_member VALUES (?, ?)", [(project.id, name) for name in names]
            )

        self._state.change(job)

    def end(self, project: str) -> None:
        at = now()

        def job(connection: apsw.Connection) -> None:
            if next(connection.execute("SELECT 1 FROM project WHERE id = ?", (project,)), None) is None:
                raise NotFound("gate-no-project", id=project)
            sql = "UPDATE project SET ended = ? WHERE id = ? AND ended IS NULL"
            connection.execute(sql, (at, project))

        self._state.change(job)

    def all(self) -> list[Project]:
        return [Project(*row) for row in self._state.rows(f"SELECT {COLUMNS} FROM project ORDER BY id")]

    def members(self, project: str) -> list[str]:
        sql = "SELECT user FROM project_member WHERE project = ? ORDER BY user"
        return [name for (name,) in self._state.rows(sql, project)]

    def of(self, user: str) -> list[Project]:
        """The projects in whose name an account may ask now."""
        at = now()
        sql = f"SELECT {COLUMNS} FROM project JOIN project_member m ON m.project = id WHERE m.user = ? ORDER BY id"
        found: list[tuple[Any, ...]] = self._state.rows(sql, user)
        return [project for row in found if (project := Project(*row)).holds(at)]

    def one_of(self, user: str, project: str) -> Project:
        """A project of the account that holds now; Forbidden `gate-project-not-yours` otherwise."""
        for each in self.of(user):
            if each.id == project:
                return each
        raise Forbidden("gate-project-not-yours")
