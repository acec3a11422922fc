"""The interactions that this server answers, in one place: the routes, the CapabilityStatement and the OpenAPI document
are made from this table, so that none can say what another does not do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from camphora.errors import Invalid, Lang, NotFound, Place
from camphora.policy.paths import Reach, ReadPath, read_path
from camphora.web.fhir import (
    binary,
    conditions,
    export,
    importing,
    interactions,
    matching,
    metas,
    pasts,
    patching,
    sweeps,
    transaction,
    validating,
)
from camphora.web.fhir import codes as terms
from camphora.web.fhir.call import Answer, Api, Call, Sent
from camphora.web.fhir.entries import Item
from camphora.web.fhir.everything import OWNERS, everything
from camphora.web.fhir.later import Later
from camphora.web.fhir.negotiation import decode_pairs

Level = Literal["system", "type", "instance"]
Body = Literal["nothing", "resource", "bundle", "patch", "form", "parameters", "ndjson"]
Act = Callable[[Call, Mapping[str, str], Sent], Answer | Later]


@dataclass(frozen=True, slots=True)
class Interaction:
    """One method at one address. `code` is R4's for the interaction, at its `level`, or `$name` of an operation;
    `types` those at which an operation is answered (None: all). `text` says what it does. `handed_in`: whether it may
    be answered behind a commit for which no thread waits."""

    code: str
    level: Level
    method: str
    address: str
    reads: ReadPath
    act: Act
    text: dict[Lang, str]
    body: Body = "nothing"
    types: tuple[str, ...] | None = None
    handed_in: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an operation whose work runs behind: it begins the work, tells how far it is, gives what came of it or
    ends it. Its handler asks for the Access and answers in its own forms; `gives` is the one of what it has done."""

    code: str
    method: str
    address: str
    reads: ReadPath
    handler: Callable[[Api, Request], Awaitable[Response]]
    text: dict[Lang, str]
    body: Body = "nothing"
    gives: str | None = None
    level: Level = "system"
    types: tuple[str, ...] | None = None


def _path(name: str, reach: Reach = "persons") -> ReadPath:
    return read_path(f"fhir.{name}", "route", reach)


def _read(call: Call, path: Mapping[str, str], _: Sent) -> Answer:
    found = interactions.read(call, path["type"], path["id"], path.get("version"))
    return binary.raw(found) if path["type"] == binary.TYPE and binary.wants_raw(call.wish) else found


def _search(call: Call, path: Mapping[str, str], _: Sent) -> Answer:
    return interactions.search(call, path["type"], call.wish.pairs)


def _search_form(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    return interactions.search(call, path["type"], call.wish.pairs + decode_pairs(sent.body.strip()))


def _search_all(call: Call, _: Mapping[str, str], __: Sent) -> Answer:
    return interactions.search(call, None, call.wish.pairs)


def _search_all_form(call: Call, _: Mapping[str, str], sent: Sent) -> Answer:
    return interactions.search(call, None, call.wish.pairs + decode_pairs(sent.body.strip()))


def _compartment(call: Call, path: Mapping[str, str], _: Sent) -> Answer:
    return sweeps.search_compartment(call, (path["type"], path["id"]), path["inside"], call.wish.pairs)


def _compartment_form(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    pairs = call.wish.pairs + decode_pairs(sent.body.strip())
    return sweeps.search_compartment(call, (path["type"], path["id"]), path["inside"], pairs)


def _history(call: Call, path: Mapping[str, str], _: Sent) -> Answer:
    return pasts.history(call, path.get("type"), path.get("id"))


def _create(call: Call, path: Mapping[str, str], sent: Sent) -> Answer | Later:
    body = _resource(call, path, sent)
    if call.wish.if_none_exist is not None:
        condition = conditions.condition_of_header(call.wish.if_none_exist)
        return conditions.create(call, path["type"], body, condition)
    return interactions.create(call, path["type"], body)


def _update(call: Call, path: Mapping[str, str], sent: Sent) -> Later:
    return interactions.update(call, path["type"], path["id"], _resource(call, path, sent))


def _resource(call: Call, path: Mapping[str, str], sent: Sent) -> bytes:
    """The resource in a body; a Binary's content as its resource."""
    if not binary.is_raw(path["type"], sent.media):
        return sent.body
    return binary.wrapped(sent, call.wish.security_context, path.get("id"))


def _update_where(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    interactions.require_type(path["type"])
    return conditions.update(call, path["type"], _resource(call, path, sent))


def _delete(call: Call, path: Mapping[str, str], _: Sent) -> Answer:
    return interactions.delete(call, path["type"], path["id"])


def _delete_where(call: Call, path: Mapping[str, str], _: Sent) -> Answer:
    interactions.require_type(path["type"])
    return conditions.delete(call, path["type"])


def _patch(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    return patching.patch(call, path["type"], path["id"], sent)


def _patch_where(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    interactions.require_type(path["type"])
    return patching.patch_matching(call, path["type"], sent)


def _bundle(call: Call, _: Mapping[str, str], sent: Sent) -> Answer:
    return transaction.process(call, sent.body, operate)


def operate(call: Call, item: Item) -> Answer:
    """The operation that an entry of a bundle asks for. One that is answered later is none of a bundle."""
    name, method = "/".join(item.steps), "GET" if item.method == "HEAD" else item.method
    if name in (call.api.desk.operations if call.api.desk else ()):
        return terms.ask(call, name, item.body or None, call.wish.lang)
    for one in INTERACTIONS:
        path = _meets(one, item.steps) if one.method == method else None
        if path is not None and one.code == "$export":
            raise Invalid("web-fhir-entry-operation", place=Place(path="request.url"))
        if path is not None:
            made = one.act(call, path, Sent(item.body))
            return made.now() if isinstance(made, Later) else made
    raise NotFound("web-fhir-no-route")


def _meets(one: Interaction, steps: tuple[str, ...]) -> dict[str, str] | None:
    """What an address says for an operation; None where it is not that one's."""
    parts = one.address.strip("/").split("/")
    if parts[-1] != steps[-1] or len(parts) != len(steps):
        return None
    return {part[1:-1]: step for part, step in zip(parts[:-1], steps, strict=False)}


def _validate(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    return validating.of_type(call, path["type"], sent.body)


def _validate_one(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    return validating.of_record(call, path["type"], path["id"], sent.body)


def _match(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    return matching.matched(call, path["type"], sent.body)


def _everything(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    return everything(call, path["type"], path["id"], interactions.named(sent.body) if sent.body else ())


def _meta(call: Call, path: Mapping[str, str], _: Sent) -> Answer:
    return metas.meta(call, path["type"], path["id"])


def _meta_add(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    return metas.add(call, path["type"], path["id"], sent.body)


def _meta_delete(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    return metas.delete(call, path["type"], path["id"], sent.body)


def _export(call: Call, path: Mapping[str, str], sent: Sent) -> Answer:
    return export.kick_off(call, path.get("type"), path.get("id"), sent.body)


ONE, OF_TYPE, ALL = "/{type}/{id}", "/{type}", "/"
HISTORY, EVERYTHING, META, WRITE = _path("history"), _path("everything"), _path("meta"), _path("update")
EXPORT, COMPARTMENT, VALIDATE = _path("export"), _path("compartment"), _path("validate-record")
EXPORTED: dict[Lang, str] = {
    "zh-TW": "整批匯出（非同步）",
    "en": "Export many records into files (asynchronous)",
}
EXPORTS: tuple[tuple[Level, str, tuple[str, ...] | None], ...] = (
    ("system", "/$export", None),
    ("type", "/{type}/$export", ("Patient",)),
    ("instance", "/{type}/{id}/$export", ("Group",)),
)
ASKED: tuple[tuple[str, Body], ...] = (("GET", "nothing"), ("POST", "parameters"))
INTERACTIONS = (
    Interaction(
        "batch", "system", "POST", ALL, _path("bundle"), _bundle,
        {"zh-TW": "批次或交易", "en": "A batch or a transaction"}, "bundle",
    ),
    Interaction(
        "search-system", "system", "GET", ALL, _path("search-all"), _search_all,
        {"zh-TW": "跨類型查詢（_type）", "en": "Search several types (_type)"},
    ),
    Interaction(
        "search-system", "system", "POST", "/_search", _path("search-all"), _search_all_form,
        {"zh-TW": "以表單跨類型查詢", "en": "Search several types by a form"}, "form",
    ),
    Interaction(
        "history-system", "system", "GET", "/_history", _path("history-all"), _history,
        {"zh-TW": "全部資料之歷程", "en": "The history of all records"},
    ),
    *(
        Interaction("$export", level, method, address, EXPORT, _export, EXPORTED, body, types)
        for level, address, types in EXPORTS
        for method, body in ASKED
    ),
    Interaction(
        "$validate", "type", "POST", "/{type}/$validate", _path("validate", "nothing"), _validate,
        {"zh-TW": "驗證資源，不保存", "en": "Validate a resource; nothing is kept"}, "parameters",
    ),
    *(
        Interaction(
            "$validate", "instance", method, "/{type}/{id}/$validate", VALIDATE, _validate_one,
            {"zh-TW": "驗證已存之資料、欲更新之內容或可否刪除", "en": "Validate a record, its update or its deletion"},
            body,
        )
        for method, body in ASKED
    ),
    Interaction(
        "$match", "type", "POST", "/{type}/$match", _path("match"), _match,
        {"zh-TW": "尋找可能為所述之人之病人", "en": "Find the patients who may be the person described"},
        "parameters", types=matching.TYPES,
    ),
    Interaction(
        "$everything", "instance", "GET", "/{type}/{id}/$everything", EVERYTHING, _everything,
        {"zh-TW": "一人或一次就醫之全部資料", "en": "Everything of a patient or an encounter"}, types=OWNERS,
    ),
    Interaction(
        "$everything", "instance", "POST", "/{type}/{id}/$everything", EVERYTHING, _everything,
        {"zh-TW": "一人或一次就醫之全部資料", "en": "Everything of a patient or an encounter"},
        "parameters", types=OWNERS,
    ),
    Interaction(
        "$meta", "instance", "GET", "/{type}/{id}/$meta", META, _meta,
        {"zh-TW": "資源之標籤", "en": "The labels, tags and profiles of a record"},
    ),
    Interaction(
        "$meta-add", "instance", "POST", "/{type}/{id}/$meta-add", _path("meta-add"), _meta_add,
        {"zh-TW": "加上標籤", "en": "Add labels, tags or profiles"}, "parameters",
    ),
    Interaction(
        "$meta-delete", "instance", "POST", "/{type}/{id}/$meta-delete", _path("meta-delete"), _meta_delete,
        {"zh-TW": "移除標籤", "en": "Take labels, tags or profiles away"}, "parameters",
    ),
    Interaction(
        "history-type", "type", "GET", "/{type}/_history", _path("history-type"), _history,
        {"zh-TW": "一類資料之歷程", "en": "The history of a type"},
    ),
    Interaction(
        "read", "instance", "GET", ONE, _path("read"), _read,
        {"zh-TW": "讀取", "en": "Read a record"},
    ),
    Interaction(
        "search-type", "type", "GET", OF_TYPE, _path("search"), _search,
        {"zh-TW": "查詢", "en": "Search a type"},
    ),
    Interaction(
        "search-type", "type", "POST", "/{type}/_search", _path("search-post"), _search_form,
        {"zh-TW": "以表單查詢", "en": "Search a type by a form"}, "form",
    ),
    Interaction(
        "history-instance", "instance", "GET", "/{type}/{id}/_history", HISTORY, _history,
        {"zh-TW": "一筆資料之歷程", "en": "The history of a record"},
    ),
    Interaction(
        "vread", "instance", "GET", "/{type}/{id}/_history/{version}", _path("vread"), _read,
        {"zh-TW": "讀取某一版本", "en": "Read a version of a record"},
    ),
    Interaction(
        "search-compartment", "instance", "GET", "/{type}/{id}/{inside}", COMPARTMENT, _compartment,
        {"zh-TW": "查詢屬於某人、某次就醫等之資料", "en": "Search what belongs to a patient, an encounter and others"},
        types=sweeps.COMPARTMENTS,
    ),
    Interaction(
        "search-compartment", "instance", "POST", "/{type}/{id}/{inside}/_search", COMPARTMENT, _compartment_form,
        {"zh-TW": "以表單查詢屬於某人、某次就醫等之資料", "en": "Search a compartment by a form"},
        "form", types=sweeps.COMPARTMENTS,
    ),
    Interaction(
        "create", "type", "POST", OF_TYPE, _path("create"), _create,
        {"zh-TW": "新增", "en": "Create a record"}, "resource", handed_in=True,
    ),
    Interaction(
        "update", "instance", "PUT", ONE, WRITE, _update,
        {"zh-TW": "更新", "en": "Update a record"}, "resource", handed_in=True,
    ),
    Interaction(
        "update", "type", "PUT", OF_TYPE, _path("update-where"), _update_where,
        {"zh-TW": "條件式更新", "en": "Update the record that meets a condition"}, "resource",
    ),
    Interaction(
        "patch", "instance", "PATCH", ONE, _path("patch"), _patch,
        {"zh-TW": "修補", "en": "Patch a record"}, "patch",
    ),
    Interaction(
        "patch", "type", "PATCH", OF_TYPE, _path("patch-where"), _patch_where,
        {"zh-TW": "條件式修補", "en": "Patch the record that meets a condition"}, "patch",
    ),
    Interaction(
        "delete", "instance", "DELETE", ONE, _path("delete"), _delete,
        {"zh-TW": "刪除", "en": "Delete a record"},
    ),
    Interaction(
        "delete", "type", "DELETE", OF_TYPE, _path("delete-where"), _delete_where,
        {"zh-TW": "條件式刪除", "en": "Delete the record that meets a condition"},
    ),
)  # fmt: skip
"""In the order in which addresses are tried."""
JSON = "application/json"
STEPS = (
    Step(
        "$export", "GET", export.STATUS, export.STATUS_PATH, export.status,
        {"zh-TW": "匯出之進度與檔案清單", "en": "How far an export is, and its files"}, gives=JSON,
    ),
    Step(
        "$export", "DELETE", export.STATUS, export.CANCEL_PATH, export.cancel,
        {"zh-TW": "取消匯出", "en": "End an export and take its files away"},
    ),
    Step(
        "$export", "GET", export.FILE, export.FILE_PATH, export.file,
        {"zh-TW": "匯出之檔案", "en": "A file of an export"}, gives=export.NDJSON,
    ),
    Step(
        "$import", "POST", importing.START, importing.START_PATH, importing.start,
        {"zh-TW": "整批匯入（非同步）", "en": "Import many records (asynchronous)"}, "ndjson",
    ),
    Step(
        "$import", "GET", importing.STATUS, importing.STATUS_PATH, importing.status,
        {"zh-TW": "匯入之進度與結果", "en": "How far an import is, and what became of each file"}, gives=JSON,
    ),
    Step(
        "$import", "DELETE", importing.STATUS, importing.CANCEL_PATH, importing.cancel,
        {"zh-TW": "停止匯入", "en": "End an import; what is written stays"},
    ),
    Step(
        "$import", "GET", importing.BAD, importing.BAD_PATH, importing.bad,
        {"zh-TW": "匯入時有誤之資料列", "en": "The bad rows of an import, as they were sent"}, gives=export.NDJSON,
    ),
)  # fmt: skip
"""Tried before the interactions."""
DESCRIBED: tuple[Interaction | Step, ...] = (*STEPS, *INTERACTIONS)
HANGING = frozenset({"validate", "export", "import"})
"""Operations that are answered only where what they need is served."""


def codes(level: Level) -> tuple[str, ...]:
    """The interactions of a level in R4's words, each once, in the order of the table."""
    found = (one.code for one in INTERACTIONS if one.level == level and not one.code.startswith("$"))
    return tuple(dict.fromkeys(found))


def offered(code: str, desk: tuple[str, ...]) -> bool:
    """Whether an operation is answered where `desk` names what hangs on what is served (`Api.operations`)."""
    return code not in HANGING or any(each.rpartition("$")[2] == code for each in desk)


def operations(level: Level | None = None) -> dict[str, tuple[str, ...]]:
    """The operations by name, without `$`, each with the types at which it is answered (`*`: all); of a level, or of
    types and their records."""
    found: dict[str, tuple[str, ...]] = {}
    for one in DESCRIBED:
        if one.code.startswith("$") and (one.level == level if level else one.level != "system"):
            types = (*found.get(one.code[1:], ()), *(one.types or ("*",)))
            found[one.code[1:]] = tuple(dict.fromkeys(types))
    return found
