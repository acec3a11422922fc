"""A Consent whose provision could never act is refused where it is written."""

from datetime import UTC, datetime

import pytest

from builders import people
from camphora.errors import Invalid
from camphora.policy.choices import close_record
from camphora.policy.internal import loading
from camphora.policy.vocabulary import ACT_REASON
from camphora.records import Put


@pytest.mark.parametrize(
    ("codes", "refused"),
    [(["FOOBAR"], True), (["FOOBAR", "TREAT"], False), (["TREAT"], False), (["PurposeOfUse"], False)],
)
def test_a_purpose_that_nobody_can_have_is_refused(store, codes, refused):
    store.write(loading("t"), [Put(one) for one in people()])
    consent = close_record("ada", "Condition/c1", datetime.now(UTC))
    consent["provision"]["purpose"] = [{"system": ACT_REASON, "code": code} for code in codes]
    if not refused:
        assert store.write(loading("t"), [Put(consent, expect="new")])
        return
    with pytest.raises(Invalid) as error:
        store.write(loading("t"), [Put(consent, expect="new")])
    assert error.value.code == "records-consent-purpose"
    assert error.value.place.path == "Consent.provision.purpose[0]"
