"""Archives as a guide's publisher would make them, and others that no publisher would."""

import gzip
import io
import json
import tarfile

MANIFEST = {"name": "org.example.ig", "version": "1.2.0", "license": "CC0-1.0", "fhirVersions": ["4.0.1"]}
SYSTEM = {
    "resourceType": "CodeSystem",
    "id": "colours",
    "url": "http://example.org/colours",
    "version": "1.2.0",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "red"}],
}


def tar(files, kinds=None):
    """The bytes of a tar of {path: bytes}; `kinds` gives a member another type than a file."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, body in files.items():
            member = tarfile.TarInfo(path)
            member.type = (kinds or {}).get(path, tarfile.REGTYPE)
            member.size = len(body) if member.type == tarfile.REGTYPE else 0
            archive.addfile(member, io.BytesIO(body))
    return out.getvalue()


def tgz(files, kinds=None):
    return gzip.compress(tar(files, kinds), mtime=0)


def guide(files=None, **manifest):
    """A package with one code system and the other files; a value that is no bytes is written as JSON."""
    rows = {"package/package.json": {**MANIFEST, **manifest}, "package/CodeSystem-colours.json": SYSTEM}
    rows |= files or {}
    return tgz({k: v if isinstance(v, bytes) else json.dumps(v).encode() for k, v in rows.items()})
