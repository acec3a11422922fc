"""Errors call a role as the pages do, and a type of record as people do, in the reader's language."""

import pytest

from camphora.errors import Forbidden, Invalid, NotFound, catalogue, roles, types
from camphora.fhir.definitions import resource_types
from camphora.policy import Role
from camphora.web.site import handlers_words


@pytest.mark.parametrize("role", list(Role))
def test_every_role_is_said_as_the_pages_say_it(role):
    for lang in ("zh-TW", "en"):
        assert roles()[role][lang].casefold() == handlers_words(lang)(f"role.{role}").casefold()


def test_nobody_else_is_called():
    assert roles().keys() == set(Role)


@pytest.mark.parametrize(
    "code", [code for code, entry in catalogue().items() if "{role}" in entry.text["en"]]
)
def test_a_sentence_says_the_role_in_words(code):
    facts = {"type": "Patient", "option": "person", "role": Role.OFFICER}
    told = Forbidden(code, **facts)
    assert "公共衛生人員" in told.text("zh-TW")
    assert "officer" not in told.text("zh-TW")
    assert "public-health officer" in told.text("en")
    assert told.facts["role"] is Role.OFFICER


def test_a_role_that_is_unknown_is_said_as_it_came():
    assert "（janitor）" in Invalid("gate-role-lacks-purpose", role="janitor").text("zh-TW")


def test_every_type_of_record_is_called_something_and_nothing_else_is():
    assert types().keys() == resource_types() | {"*"}
    assert all(not name.isascii() for name in (each["zh-TW"] for each in types().values()))
    assert all(each["en"] == each["en"].lower() for each in types().values())


@pytest.mark.parametrize(
    "code",
    [code for code, entry in catalogue().items() if {"{kind}", "{type}"} & {*entry.text["en"].split()}],
)
def test_what_people_read_calls_a_type_by_its_name(code):
    """Where a sentence says `kind` of a record; the FHIR name is for sentences about parameters and elements."""
    entry = catalogue()[code]
    assert ("{kind}" in entry.text["en"]) == ("{kind}" in entry.text["zh-TW"])


def test_a_sentence_says_the_type_in_words():
    told = NotFound("records-not-found", type="Patient")
    assert (told.text("zh-TW"), told.text("en")) == ("查無此病人", "there is no such patient")
    assert told.facts == {"type": "Patient"}
    assert NotFound("records-not-found", type="beds").text("zh-TW") == "查無此beds"
