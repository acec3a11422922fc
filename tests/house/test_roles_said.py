"""Errors call a role as the pages do, in the reader's language."""

import pytest

from camphora.errors import Forbidden, Invalid, catalogue, roles
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
