"""`/bases`: a legal basis is applied for with a written reason and a period, and approved by somebody else."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import CamphoraError, Forbidden, Invalid
from camphora.gate.bases import LONGEST_DAYS, Claim, hindrance, if_granted
from camphora.pages import Cell, Column, Table
from camphora.pages.words import Words
from camphora.policy import Access, Reader, Role
from camphora.policy.choices import TAIPEI
from camphora.policy.codes import categories
from camphora.policy.policy import LegalBasis
from camphora.policy.saying import say
from camphora.web.contexts import Case, Duty, Field, Form
from camphora.web.duties.review import REVIEWERS
from camphora.web.emergencies import moment
from camphora.web.reading.desk import Desk
from camphora.web.site import see_other

HERE = "/bases"
STAFF = frozenset(set(Role) - {Role.PUBLIC, Role.CITIZEN})


class BasesPages(Desk):
    """Applying, approving, ending. Nobody approves what they asked for; every use is counted and receipted."""

    def page(self, request: Request) -> Response:
        return self._shown(request, {}, None)

    def apply(self, request: Request, form: FormData) -> Response:
        access = self._staff(request)
        given = {
            name: str(form.get(name, "")).strip()
            for name in ("basis", "purpose", "category", "since", "until", "reason")
        }
        try:
            self._apply(access, given)
        except CamphoraError as error:
            return self._shown(request, given, error)
        return see_other(f"{HERE}?done=applied")

    def _apply(self, access: Access, given: dict[str, str]) -> Claim:
        gate, row = self.site.installation.gate, self._offered(access).get(given["basis"])
        if row is None or given["purpose"] not in row.purposes:
            raise Invalid("gate-basis-choice")
        if given["category"] and given["category"] not in set(categories().values()):
            raise Invalid("gate-basis-choice")
        return gate.bases.apply(
            access.reader.id,
            row.id,
            given["reason"],
            purposes=[given["purpose"]],
            categories=[given["category"]] if given["category"] else [],
            since=day_of(given["since"]),
            until=day_of(given["until"], days=1),
            least_reason=gate.policy["basis.least_reason"],
        )

    def decide(self, request: Request, form: FormData) -> Response:
        access = self._staff(request)
        if access.reader.role not in REVIEWERS:
            raise Forbidden("gate-role-lacks-purpose", role=access.reader.role)
        bases = self.site.installation.gate.bases
        bases.decide(_number(form), access.reader.id, approved=form.get("verdict") == "approve")
        return see_other(f"{HERE}?done=decided")

    def end(self, request: Request, form: FormData) -> Response:
        """By whoever applied, or by those who approve."""
        access, bases = self._staff(request), self.site.installation.gate.bases
        claim = bases.one(_number(form))
        if access.reader.role not in REVIEWERS and claim.applicant != access.reader.id:
            raise Forbidden("gate-basis-not-in-force")
        bases.end(claim.no)
        return see_other(f"{HERE}?done=ended")

    def _staff(self, request: Request) -> Access:
        access = self.site.access(request)
        if access.reader.role not in STAFF:
            raise Forbidden("gate-role-lacks-purpose", role=access.reader.role)
        return access

    def _offered(self, access: Access) -> dict[str, LegalBasis]:
        """The registered bases that the reader's role, and the kind of institution they are of, may claim."""
        rows = self.site.installation.gate.policy.bases
        return {key: row for key, row in rows.items() if _is_for(row, access.reader)}

    def _shown(self, request: Request, given: dict[str, str], error: CamphoraError | None) -> Response:
        access, words = self._staff(request), self.site.words(request)
        bases, approves = self.site.installation.gate.bases, access.reader.role in REVIEWERS
        at, done = int(time.time() * 1000), request.query_params.get("done", "")
        found = bases.all() if approves else bases.of(access.reader.id)
        waiting = [each for each in found if each.state(at) in {"requested", "approved", "in-force"}]
        offered = self._offered(access)
        context = Duty(
            title=words("bases.title"),
            lead=words("bases.lead"),
            done=words(f"bases.done.{done}") if f"bases.done.{done}" in words else "",
            error=words("emergency.refused", text=error.text(words.lang), remedy=error.remedy(words.lang))
            if error
            else "",
            form=_form(words, offered, given) if offered else None,
            form_title=words("bases.apply") if offered else "",
            cases_title=words("bases.open"),
            cases=[self._case(words, access, each, at) for each in waiting],
            empty=words("bases.none"),
            blocks=list(self._tables(words, access.reader, found, at)),
        )
        return self.site.page(request, context, status=error.status if error else 200)

    def _title(self, words: Words, claim: Claim) -> str:
        row = self.site.installation.gate.policy.bases.get(claim.basis)
        return row.title[words.lang] if row else claim.basis

    def _case(self, words: Words, access: Access, claim: Claim, at: int) -> Case:
        row = self.site.installation.gate.policy.bases.get(claim.basis)
        state, forms = claim.state(at), []
        if state == "requested" and access.reader.role in REVIEWERS and claim.applicant != access.reader.id:
            forms = [_verdict(words, claim, verdict) for verdict in ("approve", "refuse")]
        elif state in {"approved", "in-force"}:
            forms = [Form(f"{HERE}/end", [_hidden(claim)], words("bases.end"))]
        lines = [
            words("bases.law", law=self.site.installation.gate.policy.law(row.law, words.lang))
            if row
            else "",
            words("bases.who", who=claim.applicant),
            words("bases.when", since=moment(words, claim.since), until=moment(words, claim.until)),
            words("bases.what", purposes=_uses(words, claim), categories=_categories(words, claim)),
            words("bases.why", reason=claim.reason),
            words("bases.overrides") if row and row.overrides else "",
            words("bases.uncertain", text=row.open_question[words.lang]) if row and row.open_question else "",
            words("bases.number", number=str(claim.no)) if state == "in-force" else "",
        ]
        return Case(
            title=self._title(words, claim),
            lines=[line for line in lines if line],
            forms=forms,
            chip=words(f"bases.state.{state}"),
            tone="good" if state == "in-force" else "plain",
        )

    def _tables(self, words: Words, reader: Reader, found: list[Claim], at: int) -> Iterator[Table]:
        """Every application, and the registered bases that this reader cannot apply for, each with what stands against
        it by the decision's own reasons."""
        if found:
            yield self._table(words, found, self.site.installation.gate.bases.uses(), at)
        policy = self.site.installation.gate.policy
        rows: list[dict[str, Cell]] = []
        for row in policy.bases.values():
            if not _is_for(row, reader):
                why = hindrance(policy, reader, if_granted(row.id, at), sorted(row.purposes), at)
                said = [say(why, words.lang, policy)] if why else []
                limits = words("mark.comma").join(_limits(words, row, reader))
                rows.append({"basis": row.title[words.lang], "why": " ".join(said), "limit": limits})
        if rows:
            columns = [Column(key, words(f"bases.column.{key}")) for key in ("basis", "why", "limit")]
            yield Table("not-offered", words("bases.not_offered"), columns, rows, stacked=True)

    def _hindered(self, words: Words, claim: Claim, at: int) -> str:
        """Why an application cannot be used at this moment; empty where it can, or its account is no more."""
        gate = self.site.installation.gate
        user = gate.identity.user(claim.applicant)
        if user is None:
            return ""
        reader = gate.standing_of(user.reader())
        why = hindrance(gate.policy, reader, claim.stated(), claim.purposes, at)
        return say(why, words.lang, gate.policy) if why else ""

    def _table(self, words: Words, found: list[Claim], uses: dict[int, int], at: int) -> Table:
        rows: list[dict[str, Cell]] = [
            {
                "number": each.no,
                "basis": self._title(words, each),
                "applicant": each.applicant,
                "approver": each.approver,
                "state": words(f"bases.state.{each.state(at)}"),
                "why": self._hindered(words, each, at) or None,
                "uses": uses.get(each.no, 0),
            }
            for each in found
        ]
        columns = [
            Column(key, words(f"bases.column.{key}"), "integer" if key in {"number", "uses"} else "text")
            for key in ("number", "basis", "applicant", "approver", "state", "why", "uses")
        ]
        return Table("bases", words("bases.all"), columns, rows)


def _is_for(row: LegalBasis, reader: Reader) -> bool:
    return (not row.roles or reader.role in row.roles) and (
        not row.organisations or reader.organisation_kind in row.organisations
    )


def _limits(words: Words, row: LegalBasis, reader: Reader) -> Iterator[str]:
    """To which roles and kinds of institution a basis is limited, where the reader is of none of them."""
    if row.roles and reader.role not in row.roles:
        yield words(
            "bases.only_roles", roles=_listed(words, "role", row.roles), own=words(f"role.{reader.role}")
        )
    if row.organisations and reader.organisation_kind not in row.organisations:
        own = _called(words, "bases.kind", reader.organisation_kind or "none")
        yield words("bases.only_kinds", kinds=_listed(words, "bases.kind", row.organisations), own=own)


def _listed(words: Words, under: str, codes: Iterable[str]) -> str:
    return words("mark.comma").join(_called(words, under, code) for code in sorted(codes))


def _called(words: Words, under: str, code: str) -> str:
    key = f"{under}.{code}"
    return words(key) if key in words else code


def _form(words: Words, offered: dict[str, LegalBasis], given: dict[str, str]) -> Form:
    codes = sorted({code for row in offered.values() for code in row.purposes})
    named = dict.fromkeys(categories().values())
    fields = [
        Field(
            "basis", words("bases.basis"), "select", given.get("basis", ""), required=True,
            options=[(key, row.title[words.lang]) for key, row in offered.items()],
        ),
        Field(
            "purpose", words("bases.purpose"), "select", given.get("purpose", ""), required=True,
            options=[(code, use_of(words, code)) for code in codes],
        ),
        Field(
            "category", words("bases.category"), "select", given.get("category", ""),
            options=[
                ("", words("choice.part.every_category")),
                *((key, words(f"data_category.{key}")) for key in named),
            ],
        ),
        Field("since", words("bases.since"), "date", given.get("since", ""), required=True),
        Field("until", words("bases.until"), "date", given.get("until", ""), required=True),
        Field(
            "reason", words("bases.reason"), "long", given.get("reason", ""), required=True,
            hint=words("bases.reason_hint"),
        ),
    ]  # fmt: skip
    return Form(HERE, fields, words("bases.button"))


def _verdict(words: Words, claim: Claim, verdict: str) -> Form:
    fields = [_hidden(claim), Field("verdict", "", "hidden", value=verdict)]
    return Form(f"{HERE}/decide", fields, words(f"bases.{verdict}"))


def _hidden(claim: Claim) -> Field:
    return Field("number", "", "hidden", value=str(claim.no))


def use_of(words: Words, code: str) -> str:
    """The name of a code of use; the code itself where it has none here."""
    key = f"use.{code}" if f"use.{code}" in words else f"bases.use.{code}"
    return words(key) if key in words else code


def _uses(words: Words, claim: Claim) -> str:
    return words("mark.comma").join(use_of(words, code) for code in claim.purposes)


def _categories(words: Words, claim: Claim) -> str:
    named = [words(f"data_category.{each}") for each in claim.categories]
    return words("mark.comma").join(named) or words("choice.part.every_category")


def _number(form: FormData) -> int:
    text = str(form.get("number", ""))
    return int(text) if text.isdecimal() and len(text) < 16 else 0


def day_of(text: str, *, days: int = 0) -> int:
    """The first moment of a day in Taiwan, some days on."""
    try:
        return int(
            (datetime.combine(date.fromisoformat(text), clock(), TAIPEI) + timedelta(days)).timestamp() * 1000
        )
    except ValueError:
        raise Invalid("gate-basis-choice") from None
    except OverflowError:
        raise Invalid("gate-basis-period", days=LONGEST_DAYS) from None
