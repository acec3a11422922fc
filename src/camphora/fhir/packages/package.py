"""One package: what it says of itself, its definitions and its examples."""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
import orjson

from camphora.errors import Fault
from camphora.fhir.packages.misshapen import Misshapen
from camphora.fhir.packages.shelf import Entry, Json, Shelf


class Package:
    """One guide or another FHIR package, at one version; immutable, and shared freely between threads."""

    def __init__(
        self, shelf: Shelf, members: Sequence[str] = (), misshapen: Iterable[Misshapen] = ()
    ) -> None:
        """`members`, where an archive was just read: the file of each entry."""
        self._shelf = shelf
        self.misshapen = tuple(misshapen)
        """What was left out of it when its archive was read; nobody keeps it."""
        self._members = dict(zip(shelf.entries, members, strict=False))

    def __repr__(self) -> str:
        return f"Package({self.label})"

    @property
    def data(self) -> bytes:
        """The package as one file, from which `Package.load` makes it again."""
        return self._shelf.data

    @classmethod
    def load(cls, data: bytes) -> Package:
        """The package that `data` was of; `packages-broken` where the bytes are not such a file."""
        try:
            return cls(Shelf(data))
        except (lzma.LZMAError, EOFError, msgspec.DecodeError) as error:
            raise Fault("packages-broken", reason=type(error).__name__) from error

    @property
    def manifest(self) -> Mapping[str, Any]:
        """Its `package.json`, and what Camphora says about what it left out."""
        return self._shelf.manifest

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    @property
    def version(self) -> str:
        return str(self.manifest["version"])

    @property
    def label(self) -> str:
        """`NAME#VERSION`, as FHIR writes it."""
        return f"{self.name}#{self.version}"

    @property
    def title(self) -> str:
        return str(self.manifest.get("title") or self.name)

    @property
    def licence(self) -> str | None:
        """As it declares it (an SPDX identifier as a rule); None where it declares none."""
        return str(self.manifest["license"]) if self.manifest.get("license") else None

    @property
    def partial(self) -> Mapping[str, str] | None:
        """Where only a part of the published package is here: which, by language."""
        found: Mapping[str, str] | None = self.manifest.get("partial")
        return found

    @property
    def dependencies(self) -> Mapping[str, str]:
        """The packages that it builds on, each with the version it asks for."""
        found: Mapping[str, str] = self.manifest.get("dependencies") or {}
        return found

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What it holds, without reading it: type, id, address, version, and whether it is an example."""
        return self._shelf.entries

    def definitions(self, resource_type: str | None = None) -> Iterator[Json]:
        """Its resources that are no examples (profiles, value sets, code systems, …), or one type of them.

        Each call gives fresh values."""
        for entry in self.entries:
            if not entry.example and resource_type in {None, entry.type}:
                yield self._shelf.fresh(entry)

    def examples(self) -> Iterator[Json]:
        """Its example resources, fresh at each call."""
        return (self._shelf.fresh(entry) for entry in self.entries if entry.example)

    def read(self, entry: Entry) -> Json:
        """The resource of one of its entries, shared between callers: read it, never change it."""
        return self._shelf.read(entry)

    def raw(self, entry: Entry) -> bytes:
        """The resource of one of its entries as one line of JSON, decimals as they were written."""
        return self._shelf.raw(entry)

    def by_url(self, url: str) -> Json | None:
        """The definition with this canonical address, which may end in |VERSION; None where there is none.

        The value is shared between callers: read it, never change it.
        """
        bare, _, version = url.partition("|")
        found = self._by_url.get(bare)
        return None if found is None or version not in {"", found.version} else self.read(found)

    def member(self, entry: Entry) -> str:
        """The file of the archive in which an entry lay; its type and id where the package was kept since."""
        return self._members.get(entry, f"{entry.type}/{entry.id}")

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what it says and holds, however it is packed."""
        found = hashlib.sha256(orjson.dumps(self._shelf.manifest, option=orjson.OPT_SORT_KEYS))
        for entry in self.entries:
            found.update(b"\n%d" % entry.example + self.raw(entry))
        return found.hexdigest()

    @cached_property
    def _by_url(self) -> dict[str, Entry]:
        return {entry.url: entry for entry in self.entries if entry.url and not entry.example}
