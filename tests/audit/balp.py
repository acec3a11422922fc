"""The BALP profiles read from their published text (FSH): how often each slice stands, and what each must and must
not hold. Enough of FSH for these files, and nothing of ours."""

import re
from pathlib import Path

DATA = Path(__file__).parent / "data/ihe-balp"
RULE = re.compile(r"^\* (?P<path>[\w.\[\]]+) +(?:(?P<low>\d+)\.\.(?P<high>\d+|\*)?)(?: MS)?(?: only .*)?$")
FIXED = re.compile(r"^\* (?P<path>[\w.\[\]]+) = (?P<value>\S+)")
BOUND = re.compile(r"^\* (?P<path>[\w.\[\]]+) from (?P<name>\w+) \(required\)")
SLICE = re.compile(r"(\w+) (\d+)\.\.(\d+|\*)")
SETS = {
    "AllReadVS": {"read", "vread"},
    "AllSearchVS": {"search", "search-type", "search-system"},
    "RestObjectRoles": {"4", "3", "20"},
}
ALIAS = {"DCM": "http://dicom.nema.org/resources/ontology/DCM"}
DISCRIMINATED = {"agent", "entity"}


def _lines(text):
    text = re.sub(r'"""(?s:.*?)"""', '""', text)
    joined = re.sub(r"\n[ \t]+(?=\w+ \d+\.\.)", " ", text)
    return [re.sub(r"\s+//(?!/).*$", "", line).strip() for line in joined.split("\n")]


def _blocks():
    """Lines by profile and by instance."""
    found = {}
    for path in sorted(DATA.glob("*.fsh")):
        name = None
        for line in _lines(path.read_text("utf-8")):
            if opened := re.match(r"(Profile|Instance):\s+(\S+)", line):
                name = opened[2]
                found[name] = []
            elif re.match(r"(ValueSet|CodeSystem|Alias):", line):
                name = None
            elif name:
                found[name].append(line)
    return found


BLOCKS = _blocks()


def rules(name):
    """The rules of a profile with those of its parent."""
    lines = BLOCKS[name]
    parent = next((line.split()[-1] for line in lines if line.startswith("Parent:")), "AuditEvent")
    return [*(rules(parent) if parent in BLOCKS else []), *lines]


ASSIGNED = re.compile(r"^\* (?P<path>[\w.\[\]]+) = (?P<value>.+)$")
REPEATED = {"agent", "entity", "subtype", "purposeOfEvent", "purposeOfUse", "security", "role", "policy"}


def instances():
    """(name, profile, event) of each published example of these profiles, with what its profile fixes for it."""
    for name, lines in BLOCKS.items():
        profile = next((line.split()[-1] for line in lines if line.startswith("InstanceOf:")), None)
        if profile not in BLOCKS:
            continue
        own = [one for line in lines if (one := ASSIGNED.match(line))]
        used = {slice_ for one in own for slice_ in re.findall(r"\w+\[\w+\]", one["path"])}
        given = [one for line in rules(profile) if (one := ASSIGNED.match(line))]
        fixed = [one for one in given if set(re.findall(r"\w+\[\w+\]", one["path"])) <= used]
        event, slices = {}, {}
        for one in [*fixed, *own]:
            _assign(event, slices, one["path"], _value(one["value"]))
        yield name, profile, event


def _assign(event, slices, path, value):
    node, parts, walked = event, path.split("."), ""
    for place, part in enumerate(parts):
        base, walked = part.split("[")[0], f"{walked}.{part}"
        last = place == len(parts) - 1
        if base not in REPEATED or isinstance(node.get(base), dict):
            node = node.__setitem__(base, value) if last else node.setdefault(base, {})
        elif last:
            node.setdefault(base, []).append(value) if walked not in slices else None
            slices.setdefault(walked, value)
        else:
            if walked not in slices:
                slices[walked] = {}
                node.setdefault(base, []).append(slices[walked])
            node = slices[walked]


def _value(text):
    text = text.strip()
    if text in {"true", "false"}:
        return text == "true"
    if text.startswith("Reference("):
        return {"reference": text[10:].rstrip(")")}
    if text.startswith('"'):
        return text.strip('"')
    if "#" in text:
        system, code = _code(text.split(' "')[0])
        return {"system": system, "code": code} if system else code
    return text


def _code(text):
    system, _, code = text.partition("#")
    return ALIAS.get(system, system), code.strip('"')


def _codings(value):
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, dict):
            yield from each.get("coding", [each])
        else:
            yield {"code": each}


def _holds(value, wanted):
    if wanted in {"true", "false"}:
        return value is (wanted == "true")
    system, code = _code(wanted)
    return any(one.get("code") == code and one.get("system", system) == system for one in _codings(value))


def _many(value):
    if value is None:
        return 0
    return len(value) if isinstance(value, list) else 1


def _slices(lines):
    """By slice `agent[client]`: how often, and the code or the set that tells it apart."""
    found = {}
    for line in lines:
        if opened := re.match(r"\* (\w+) contains (.*)", line):
            for name, low, high in SLICE.findall(opened[2]):
                found[f"{opened[1]}[{name}]"] = (int(low), None if high == "*" else int(high))
    return found


def _told_apart(path, lines):
    base = path.split("[")[0]
    inner = f"{path}.type" if base in DISCRIMINATED else path
    for line in lines:
        if (fixed := FIXED.match(line)) and fixed["path"] == inner:
            return lambda one, wanted=fixed["value"]: _holds(
                one.get("type") if base in DISCRIMINATED else one, wanted
            )
        if (bound := BOUND.match(line)) and bound["path"] == inner:
            return lambda one, codes=SETS[bound["name"]]: one.get("code") in codes
    return None


def _elements(event, path, tests):
    """The elements that a path of a rule names, one list per element around it."""
    nodes = [event]
    parts = re.findall(r"\w+(?:\[\w+\])?", path)
    for place, part in enumerate(parts):
        base, last = part.split("[")[0], place == len(parts) - 1
        values = [node.get(base) for node in nodes if isinstance(node, dict)]
        if "[" in part:
            chosen = [[one for one in value or [] if tests[part](one)] for value in values]
            if last:
                return chosen
            nodes = [one for group in chosen for one in group]
        elif last:
            return values
        else:
            nodes = [
                one for value in values for one in (value if isinstance(value, list) else [value]) if one
            ]
    return []


def faults(event, profile):
    """What the profile's text asks for and this event does not do."""
    lines = rules(profile)
    slices = _slices(lines)
    tests = {path: test for path in slices if (test := _told_apart(path, lines))}
    found = []

    def check(path, low, high):
        if any(part not in tests for part in re.findall(r"\w+\[\w+\]", path)):
            return
        for value in _elements(event, path, tests):
            if not low <= _many(value) <= (99 if high is None else high):
                found.append(f"{path} {low}..{high}: {_many(value)}")

    for path, (low, high) in slices.items():
        check(path, low, high)
    for line in lines:
        if one := RULE.match(line):
            check(one["path"], int(one["low"]), int(one["high"]) if one["high"] not in {None, "*"} else None)
        elif (fixed := FIXED.match(line)) and all(
            part in tests for part in re.findall(r"\w+\[\w+\]", fixed["path"])
        ):
            found += [
                f"{fixed['path']} = {fixed['value']}: {value}"
                for value in _elements(event, fixed["path"], tests)
                if value not in (None, []) and not _holds(value, fixed["value"])
            ]
    return found
