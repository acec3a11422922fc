"""Whether an answer fits one of the suite's response patterns, by the rules of HL7's own runner.

A pattern is JSON in which an object may carry `$optional-properties$` (names that may be missing, `*` all),
`$count-arrays$` (arrays of which only the length counts) or `$optional$` (this entry of an array may be missing: true,
a mode, or `!mode`), and in which a string may be `$uuid$`, `$choice:a|b$`, `$fragments:a|b$` and so on. The order of
arrays never counts. `$optional` is written for `$optional-properties$` in three answers. HL7's runner has two
leniences, which the suite relies on. It lets any array of plain values be missing: here only an issue's `location`,
which R4 deprecates for `expression`. And two strings are alike if they are so in Base64, where other signs than
letters and digits are skipped.
"""

import re
from functools import cache

TEMPLATES = {
    "$$": r".*",
    "$instant$": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)",
    "$date$": r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?",
    "$uuid$": r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "$id$": r"[A-Za-z0-9\-.]{1,64}",
    "$url$": r"(https?://|www\.)[-a-zA-Z0-9+&@#/%?=~_|!:.;]*[-a-zA-Z0-9+&@#/%=~_|]",
    "$token$": r"[0-9a-zA-Z_][0-9a-zA-Z_.\-]*",
    "$semver$": r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?",
    "$string$": r"(\S(.*\S)?)?",
}
MARKS = {"$optional$", "$optional-properties$", "$optional", "$count-arrays$"}
RELEASES = {"version:5": True, "version:4": False}


class Mismatch(Exception):
    """Where the answer leaves the pattern, and how."""


def fits(expected, actual, path="", *, whole=True, version="4.0.1"):
    """Raise Mismatch unless the answer fits; with `whole` false the answer may hold more than is expected."""
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            raise Mismatch(f"{path}: an object is expected")
        _object(expected, actual, path, whole, version)
    elif isinstance(expected, list):
        if not isinstance(actual, list):
            raise Mismatch(f"{path}: an array is expected")
        _array(expected, actual, path, whole, version)
    elif isinstance(expected, str) and isinstance(actual, str):
        if not _text(expected, actual, version):
            raise Mismatch(f"{path}: {expected!r} is expected, not {actual!r}")
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):
        raise Mismatch(f"{path}: {expected!r} is expected, not {actual!r}")


def _object(expected, actual, path, whole, version):
    optional = {*expected.get("$optional-properties$", ()), *expected.get("$optional", ())}
    counted = set(expected.get("$count-arrays$", ()))
    for name, value in actual.items():
        if name not in expected:
            if whole:
                raise Mismatch(f"{path}.{name}: not expected: {str(value)[:200]}")
        elif name in counted:
            if len(value) != len(expected[name]):
                raise Mismatch(f"{path}.{name}: {len(expected[name])} are expected, not {len(value)}")
        elif name == "valueString" and expected.get("name") == "message":
            fits(_sorted(expected[name]), _sorted(value), f"{path}.{name}", whole=whole, version=version)
        else:
            fits(expected[name], value, f"{path}.{name}", whole=whole, version=version)
    for name, value in expected.items():
        missing = name not in actual and name not in MARKS and not optional & {name, "*"}
        if missing and not _may_lack(name, value):
            raise Mismatch(f"{path}.{name}: missing")


def _sorted(text):
    return "; ".join(sorted(text.split("; "))) if not text.startswith("$") else text


def _may_lack(name, value):
    if name == "location":
        return True
    return isinstance(value, list) and all(isinstance(item, dict) and "$optional$" in item for item in value)


def _optional(item):
    mark = item.get("$optional$") if isinstance(item, dict) else None
    if isinstance(mark, str):
        return RELEASES.get(mark, mark.startswith(("!", "warning:")))
    return bool(mark)


def _array(expected, actual, path, whole, version):
    waiting = list(enumerate(actual))
    for at, item in enumerate(expected):
        faults = []
        for place, (_, given) in enumerate(waiting):
            try:
                fits(item, given, f"{path}[{at}]", whole=whole, version=version)
            except Mismatch as fault:
                faults.append(str(fault))
            else:
                del waiting[place]
                break
        else:
            if not _optional(item):
                raise Mismatch(f"{path}[{at}]: missing: {str(item)[:300]}; {faults[:6]}")
    if waiting and whole:
        raise Mismatch(f"{path}: not expected: {str(waiting)[:500]}")


def _text(expected, actual, version):
    if expected in TEMPLATES:
        return bool(re.fullmatch(TEMPLATES[expected], actual, re.DOTALL))
    if expected.startswith("$choice:"):
        return actual in expected[8:-1].split("|")
    if expected.startswith("$fragments:"):
        return all(part.lower() in actual.lower() for part in expected[11:-1].split("|"))
    if expected.startswith("$external:"):
        text = expected[1:-1].split(":")[2:3]
        return all(part.lower() in actual.lower() for part in "".join(text).split("|"))
    expected = expected.replace("$version$", version)
    return actual == expected or _letters(actual) == _letters(expected)


@cache
def _letters(text):
    return re.sub(r"[^A-Za-z0-9+/_-]", "", text.partition("=")[0])
