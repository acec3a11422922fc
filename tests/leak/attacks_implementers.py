"""Attacks on the pages for implementers: searches and histories of the API, asked as pages by the same accounts."""

import re
from html import unescape

from leak.attacks import ABSENT, ALL, CLAIMS, attack, register
from leak.attacks_search import AS, SEARCHES, filled

SEARCH, HISTORY = "/implementers/search", "/implementers/history"
NEXT = re.compile(r'href="(/implementers/search/[^"]*_page=[^"]*)"')


def asked(kind):
    """Each search of a kind in the form, with a page after it."""

    def ask(client, her):
        for search in filled(her, kind):
            answer = client.get(f"{SEARCH}/{search}")
            yield answer
            following = NEXT.search(answer.text)
            if following:
                yield client.get(unescape(following[1]))
            yield client.get(f"{SEARCH}/{search}&as=json")

    return ask


for _kind in SEARCHES:
    register(
        asked(_kind),
        (AS.get(_kind, _kind),),
        ("implementers.search",),
        ("other", "analyst"),
        f"implementers.search-whole-{_kind}",
    )


@attack(
    ("implementers.history",),
    "status",
    "spelling",
    "type",
    "version",
    "history",
    "inside",
    "named-beside",
    "unlinked",
    "purpose",
    "closed-part",
    "ruled-part",
    "error-text",
    by=ALL,
)
def by_opening_her_versions(client, her):
    for kind, name in (*her.records, ("Patient", her.id.upper()), ("Condition", her.id)):
        yield client.get(f"{HISTORY}/{kind}/{name}")
        yield client.get(f"{HISTORY}/{kind}/{name}", params={"version": "1", "as": "raw"})
        yield client.get(f"{HISTORY}/{kind}/{name}", params={"as": "readable", "lang": "en"})
    for kind in ("Patient", "Consent", "Binary", "Group"):
        yield client.get(f"{HISTORY}/{kind}/{ABSENT}")


@attack(
    ("implementers.search",),
    "key",
    "as-typed",
    "inside",
    "named-beside",
    "unlinked",
    "type",
    "purpose",
    "error-text",
    "spelling",
    "closed-part",
    "ruled-part",
    by=ALL,
)
def by_asking_for_her_in_the_form(client, her):
    for text in (her.number, her.number.lower(), her.chart):
        for form in ("table", "json", "xml"):
            yield client.get(f"{SEARCH}/Patient", params={"identifier": text, "as": form})
    for length in range(1, len(her.name) + 1):
        yield client.get(f"{SEARCH}/Patient", params={"name": her.name[:length]})
    for kind in ("Observation", "Condition", "Consent", "Group", "List", "Binary", "DocumentReference"):
        yield client.get(f"{SEARCH}/{kind}", params={"more": f"patient={her.id}"})
        yield client.get(f"{SEARCH}/{kind}", params={"_count": "5", "_sort": "-_lastUpdated"})
    yield client.get(f"{SEARCH}/Patient", params={"more": "birthdate=her", "_id": her.id})
    yield client.get(f"{SEARCH}/Patient", params={"identifier": her.number, "_id": f"{her.id},x"})
    yield client.get(
        f"{SEARCH}/Condition", params={"subject": f"Patient/{her.id}", "_id": her.records[-1][1]}
    )


@attack(("implementers.search", "implementers.history"), "claim", "unchanged")
def by_claims_at_the_pages_for_implementers(client, her):
    for path in (f"{SEARCH}/Observation?patient={her.id}", f"{HISTORY}/Patient/{her.id}"):
        yield client.head(path)
        for headers in (*CLAIMS, {"if-none-match": "*"}):
            yield client.get(path, headers=headers)


@attack(("implementers.search", "implementers.history"), "nobody", by=("nobody",))
def by_nobody_at_the_pages_for_implementers(client, her):
    yield client.get(f"{SEARCH}/Patient", params={"identifier": her.number})
    yield client.get(f"{HISTORY}/Patient/{her.id}")
