"""緊急調閱: declared in the clinic, marked everywhere, told to the person, judged by somebody else."""

import re

import pytest

WHY = "昏迷送醫，需查過敏與用藥"


def number_of(world, person):
    text = world.browser("other").get(f"/records/Patient/{person}?as=json").text
    return re.search(r"[A-Z][12]\d{8}", text)[0]


@pytest.fixture
def hidden(fresh):
    """She restricts the clinician's hospital and closes a part. The clinician knows her whole number."""
    fresh.number = number_of(fresh, fresh.cast.citizen)
    browser = fresh.browser("citizen")
    browser.submit("/me/choices/restrict", organisation=fresh.cast.hospital)
    browser.submit("/me/choices/close", label="PSY")
    return fresh


def declare(browser, number, reason=WHY):
    return browser.submit("/emergency", identifier=number, reason=reason)


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_her_record_opens_with_a_banner_until_it_is_ended(hidden, lang):
    browser, person = hidden.browser("clinician", lang), hidden.cast.citizen
    assert browser.get(f"/patients/{person}").status_code == 404
    page = declare(browser, hidden.number.lower())
    assert page.status_code == 200
    assert "林美玉" in page.text
    title = "緊急調閱中" if lang == "zh-TW" else "Emergency access:"
    assert title in browser.words("/patients")
    assert browser.get(f"/records/Patient/{person}").status_code == 200
    assert browser.get(f"/patients/{person}/timeline").status_code == 200
    emergency = re.search(r'name="number" value="(\d+)"', browser.get("/patients").text)[1]
    browser.submit("/emergency/end", number=emergency)
    assert title not in browser.words("/patients")
    assert browser.get(f"/patients/{person}").status_code == 404
    assert browser.get(f"/records/Patient/{person}").status_code == 404


def test_it_opens_her_alone_and_only_for_the_one_who_declared(hidden):
    declare(hidden.browser("clinician"), hidden.number)
    father = hidden.cast.citizen[:-1] + "2"
    hidden.browser("father").submit("/me/choices/restrict", organisation=hidden.cast.hospital)
    assert hidden.browser("clinician").get(f"/patients/{father}").status_code == 404
    assert hidden.browser("pharmacist").get(f"/patients/{hidden.cast.citizen}").status_code == 404
    found = hidden.browser("clinician").get("/patients", params={"q": "林美玉"}).text
    assert f"/patients/{hidden.cast.citizen}" not in found.partition('id="found"')[2]


def test_a_wrong_number_is_answered_as_that_of_nobody(hidden):
    browser = hidden.browser("clinician")
    answers = [declare(browser, number) for number in (hidden.number[:-1], "A100000001", hidden.cast.citizen)]
    assert {answer.status_code for answer in answers} == {404}
    bare = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}
    assert len(bare) == 1
    assert "查無此證號" in answers[0].text


def test_without_a_reason_nothing_opens_and_what_was_typed_stays(hidden):
    answer = declare(hidden.browser("clinician"), hidden.number, "急")
    assert answer.status_code == 400
    assert hidden.number in answer.text
    assert "gate" not in answer.url.path
    assert hidden.browser("clinician").get(f"/patients/{hidden.cast.citizen}").status_code == 404


def test_a_pharmacist_may_not_and_is_not_offered_it(hidden):
    assert declare(hidden.browser("pharmacist"), hidden.number).status_code == 403
    assert "/emergency" not in hidden.browser("pharmacist").get("/patients").text
    assert 'href="/emergency"' in hidden.browser("clinician").get("/patients").text


def test_what_is_not_shown_leads_to_an_emergency_for_those_who_may(fresh):
    fresh.browser("citizen").submit("/me/choices/close", label="PSY")
    path, leads = f"/patients/{fresh.cast.citizen}", 'class="line-link" href="/emergency"'
    assert leads in fresh.browser("clinician").get(path).text
    assert leads not in fresh.browser("pharmacist").get(path).text


def test_she_is_told_who_when_and_why(hidden):
    browser = hidden.browser("clinician")
    declare(browser, hidden.number)
    browser.get(f"/records/Patient/{hidden.cast.citizen}")
    said = hidden.browser("citizen").words("/me/looked")
    assert "何志華" in said
    assert WHY in said
    assert "審查中" in said
    looks = hidden.installation.store.looks(hidden.access("citizen"), hidden.cast.citizen, 50)
    of_hers = [look for look in looks if look.reader == "clinician"]
    assert of_hers
    assert {look.decision for look in of_hers} == {"emergency"}


def test_the_review_shows_what_was_read_and_keeps_the_judgement(hidden):
    declare(hidden.browser("clinician"), hidden.number)
    declare(hidden.browser("other"), "A100000001")
    keeper = hidden.browser("keeper")
    said = keeper.words("/emergencies")
    assert "何志華" in said
    assert WHY in said
    assert "病人" in said
    assert "所填證號不屬於任何人" in said
    assert "林美玉" not in said
    numbers = re.findall(r'name="number" value="(\d+)"', keeper.get("/emergencies").text)
    assert len(numbers) == 2
    assert (
        "已記下審查結果" in keeper.submit("/emergencies/judge", number=numbers[0], judgement="justified").text
    )
    assert keeper.submit("/emergencies/judge", number=numbers[0], judgement="unjustified").status_code == 409
    assert keeper.submit("/emergencies/judge", number="x", judgement="justified").status_code == 404
    assert "審查結果：正當" in hidden.browser("citizen").words("/me/looked")


def test_she_sees_that_it_was_reviewed(hidden):
    declare(hidden.browser("clinician"), hidden.number)
    hidden.browser("keeper").get("/emergencies")
    assert "審查緊急調閱，未看病歷內容" in hidden.browser("citizen").words("/me/looked")


@pytest.mark.parametrize("name", ["clinician", "citizen", "analyst", "pharmacist"])
def test_nobody_else_opens_the_review(world, name):
    browser = world.browser(name)
    assert browser.get("/emergencies").status_code == 403
    assert browser.submit("/emergencies/judge", number="1", judgement="justified").status_code == 403


def test_the_forms_need_their_token(world):
    browser = world.browser("clinician")
    assert browser.post("/emergency", data={"identifier": "x", "reason": WHY}).status_code == 403
    assert browser.post("/emergency/end", data={"number": "1"}).status_code == 403


@pytest.mark.parametrize("lang", ["zh-TW", "en"])
def test_her_first_page_tells_her_until_she_has_seen_the_look(hidden, lang):
    citizen, title = (
        hidden.browser("citizen", lang),
        "緊急調閱開啟您的紀錄" if lang == "zh-TW" else "in an emergency",
    )
    assert title not in citizen.words("/me")
    declare(hidden.browser("clinician"), hidden.number)
    hidden.browser("clinician").get(f"/records/Patient/{hidden.cast.citizen}")
    first = citizen.words("/me")
    assert title in first
    assert title in citizen.words("/me"), "opening the page is not seeing the look"
    notice = re.search(r'<section class="panel notice".*?</section>', citizen.get("/me").text, re.DOTALL)[0]
    link = re.search(r'href="(/me/looked/\d+)"', notice)[1]
    assert "何志華" in citizen.words(link)
    assert title not in citizen.words("/me")
    hidden.browser("clinician").get(f"/records/Patient/{hidden.cast.citizen}")
    assert title in citizen.words("/me"), "another look is told again"


def test_what_reviewers_do_does_not_push_the_looks_off_her_first_page(hidden):
    declare(hidden.browser("clinician"), hidden.number)
    for _ in range(4):
        hidden.browser("keeper").get("/emergencies")
    number = re.search(r'name="number" value="(\d+)"', hidden.browser("keeper").get("/emergencies").text)[1]
    for judgement in ("further", "further", "further", "justified"):
        hidden.browser("keeper").submit("/emergencies/judge", number=number, judgement=judgement)
    assert "何志華（醫師）" in hidden.browser("citizen").words("/me")


def test_the_banner_and_the_search_page_tell_the_opened_person_with_a_masked_number(hidden):
    browser = hidden.browser("clinician")
    declare(browser, hidden.number)
    said = browser.get("/patients", params={"q": "林美玉"}).text
    assert hidden.number not in said
    assert f"{hidden.number[:2]}*****{hidden.number[-3:]}" in said
    opened = re.search(r'<section [^>]*aria-labelledby="opened-title".*?</section>', said, re.DOTALL)[0]
    assert f"/patients/{hidden.cast.citizen}" in opened
    assert "查無符合的病人" not in browser.words("/patients?q=林美玉")
