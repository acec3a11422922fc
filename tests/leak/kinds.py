"""What is tried: each kind of attack, in words, with the paths on which it must be tried.

`GROUPS` sorts every read path that reaches persons. A kind names the groups on which it makes sense, and says in
`elsewhere` why the others cannot suffer it. A kind with `waits` has its requests written against an address that does
not exist yet: they must be refused, in both worlds alike, so that the test speaks as soon as the path comes.
"""

from dataclasses import dataclass

GROUPS = {
    "record": ("fhir.read", "fhir.vread", "fhir.history"),
    "search": ("fhir.search", "fhir.search-post"),
    "write": ("fhir.create", "fhir.update", "fhir.delete"),
    "server": (
        "fhir.history-type",
        "fhir.history-all",
        "fhir.search-all",
        "fhir.compartment",
        "fhir.everything",
        "fhir.meta",
    ),
    "matching": ("fhir.match",),
    "changing": (
        "fhir.patch",
        "fhir.patch-where",
        "fhir.update-where",
        "fhir.delete-where",
        "fhir.meta-add",
        "fhir.meta-delete",
    ),
    "bundle": ("fhir.bundle",),
    "bulk": ("fhir.export", "fhir.export.status", "fhir.export.file"),
    "finder": ("clinic.patients",),
    "implementing": ("implementers.search", "implementers.history"),
    "chart": ("clinic.patient", "clinic.timeline", "clinic.results", "clinic.record"),
    "duties": (
        "gate.explain",
        "privacy",
        "privacy.reader",
        "privacy.known",
        "persons.duplicates",
        "persons.pair",
        "persons.history",
    ),
    "proofs": ("citizen.certificates", "citizen.certificate", "citizen.certificate.proof"),
    "urgent": ("clinic.emergency", "emergencies"),
    "own": (
        "citizen.record",
        "citizen.timeline",
        "citizen.choices",
        "citizen.stop",
        "citizen.restrict",
        "citizen.close",
        "citizen.end",
        "citizen.family",
        "citizen.let-in",
        "citizen.download",
        "lake.open_rows_of",
    ),
    "files": ("citizen.bundle", "citizen.csv", "citizen.events"),
    "relative": ("citizen.relative", "citizen.relative.timeline"),
    "receipts": ("citizen.looked", "citizen.receipt", "citizen.proof", "fhir.audit-events"),
    "questions": ("ask", "ask.download", "lake.ask"),
    "copies": ("lake.follower",),
}
"""Paths by what they are. A new path that reaches persons must be put here, and then suffers all kinds of its group."""

READING = ("record", "search", "server", "bundle", "chart", "implementing")
EVERY = tuple(GROUPS)


@dataclass(frozen=True)
class Kind:
    """One kind of attack. `on`: the groups of paths, or single paths; `elsewhere`: why on no other;
    `waits`: what must come first."""

    name: str
    zh: str
    en: str
    on: tuple[str, ...] = ()
    elsewhere: str = ""
    waits: str = ""


NO_SEARCH = "只有查詢有此參數 only searches have this parameter"
NO_VERSION = "無版本之位址 no address of versions"
READS_ONLY = "不寫入病歷 writes no record"
CHANGES = "狀態隨選擇而變之路徑皆試之 tried where something is kept across requests"

ATTACK_KINDS = (
    Kind(
        "total",
        "筆數",
        "Bundle.total and totals of a page",
        ("bulk", "fhir.search-all", "fhir.compartment", "search", "bundle", "implementers.search"),
        NO_SEARCH,
    ),
    Kind(
        "count",
        "只要筆數（_summary=count、_count=0）",
        "count only",
        ("fhir.search-all", "fhir.compartment", "search", "bundle"),
        NO_SEARCH,
    ),
    Kind(
        "pages",
        "短頁、空頁、最後一頁",
        "short, empty and last pages",
        (
            "fhir.history-type",
            "fhir.history-all",
            "fhir.search-all",
            "fhir.compartment",
            "fhir.everything",
            "fhir.meta",
            "search",
            "bundle",
            "finder",
            "implementers.search",
        ),
        "不分頁 not paged, or of one visible person",
    ),
    Kind(
        "key",
        "以她的識別碼、病歷號、姓名、生日查詢",
        "search by what is known of her",
        ("search", "bundle", "finder", "matching", "implementers.search"),
        "不以鍵值查人 finds nobody by a key",
    ),
    Kind("about", "查她的紀錄", "searches for records about her", ("search", "bundle"), NO_SEARCH),
    Kind("chain", "連鎖參數", "chained parameters", ("search", "bundle", "implementers.search"), NO_SEARCH),
    Kind(
        "reverse-chain",
        "反向連鎖（_has）",
        "reverse chains (_has)",
        ("search", "bundle", "implementers.search"),
        NO_SEARCH,
    ),
    Kind(
        "include", "_include", "_include", ("search", "bundle", "implementers.search"), NO_SEARCH, "_include"
    ),
    Kind(
        "reverse-include",
        "_revinclude",
        "_revinclude",
        ("search", "bundle", "implementers.search"),
        NO_SEARCH,
        "_revinclude",
    ),
    Kind(
        "composite",
        "複合參數",
        "composite parameters",
        ("search", "bundle", "implementers.search"),
        NO_SEARCH,
        "composite",
    ),
    Kind(
        "filter",
        "_filter、_list、_text、_content、_contained、_query",
        "_filter, _list, _text, _content, _contained, _query",
        ("bulk", "search", "bundle", "implementers.search"),
        NO_SEARCH,
        "_filter, _list, _contained",
    ),
    Kind(
        "sort",
        "依隱藏之值排序",
        "sort by a hidden value",
        ("search", "bundle", "implementers.search"),
        NO_SEARCH,
    ),
    Kind(
        "missing",
        "以值之有無查詢",
        "search by whether a value is missing",
        ("search", "bundle", "implementers.search"),
        NO_SEARCH,
    ),
    Kind(
        "elements",
        "_elements、_summary 只取部分",
        "parts of a resource (_elements, _summary)",
        ("record", "search", "bundle"),
        "頁面與檔案不取部分 pages and files give no parts",
    ),
    Kind(
        "status",
        "403、404、410 與 200 之別",
        "the difference of 403, 404, 410 and 200",
        (
            "bulk",
            "server",
            "changing",
            "record",
            "write",
            "bundle",
            "chart",
            "own",
            "files",
            "relative",
            "receipts",
            "urgent",
            "duties",
            "proofs",
            "implementers.history",
        ),
        "查詢不以狀態說有無 searches do not answer by status",
    ),
    Kind(
        "spelling",
        "位址與鍵值之異寫",
        "other spellings of an address or key",
        ("record", "search", "write", "bundle", "finder", "chart", "implementing"),
        "位址不含她的鍵 no key of hers in the address",
    ),
    Kind(
        "unchanged",
        "ETag、If-None-Match、If-Modified-Since、HEAD",
        "conditional reads and HEAD",
        ("record", "chart", "bundle", "implementing"),
        "不以版本作答 not answered by version",
    ),
    Kind(
        "version",
        "舊版本（vread）",
        "vread of her versions",
        ("record", "bundle", "chart", "implementers.history"),
        NO_VERSION,
    ),
    Kind("history", "歷程", "history", ("record", "bundle", "chart", "implementers.history"), NO_VERSION),
    Kind(
        "conditional-write",
        "條件寫入（If-Match、If-None-Exist、以鍵改刪）",
        "conditional writes on hidden matches",
        ("changing", "write", "bundle"),
        READS_ONLY,
    ),
    Kind(
        "write-about",
        "寫一筆關於她的紀錄",
        "write a record about her",
        ("changing", "write", "bundle"),
        READS_ONLY,
    ),
    Kind(
        "overwrite",
        "改或刪她的紀錄",
        "change or delete her records",
        ("changing", "write", "bundle"),
        READS_ONLY,
    ),
    Kind(
        "error-text",
        "錯誤訊息複述隱藏之值",
        "error texts that quote what is hidden",
        (
            "bulk",
            "server",
            "changing",
            "record",
            "search",
            "write",
            "bundle",
            "finder",
            "chart",
            "own",
            "receipts",
            "questions",
            "urgent",
            "duties",
            "implementing",
        ),
        "無輸入可複述 nothing is said back",
    ),
    Kind(
        "inside",
        "敘事、內含資源、附件、文件、Binary 裡的她",
        "her inside narrative, contained, attachments, documents, Binary",
        ("bulk", *READING),
        "不顯示他人紀錄之內文 shows no text of others' records",
    ),
    Kind(
        "named-beside",
        "他人紀錄、名單與群組提到她",
        "records of others, lists and groups that name her",
        ("bulk", *READING),
        "不顯示他人紀錄 shows no records of others",
    ),
    Kind(
        "unlinked",
        "無當事人之紀錄",
        "records that name no patient",
        ("bulk", *READING),
        "只顯示有當事人者 shows only records of a person",
    ),
    Kind(
        "type",
        "以他型之權取此型",
        "a right to one type used for another",
        ("bulk", "server", "record", "search", "bundle", "chart", "implementing"),
        "無分型之權 no rights by type",
    ),
    Kind(
        "purpose",
        "以他目的之身分開啟病歷",
        "records opened for another purpose",
        (
            "bulk",
            "server",
            "changing",
            "record",
            "search",
            "write",
            "bundle",
            "finder",
            "chart",
            "own",
            "files",
            "relative",
            "receipts",
            "urgent",
            "duties",
            "implementing",
        ),
        "questions: 目的即次級利用 the purpose is secondary use",
    ),
    Kind(
        "claim",
        "自稱之標頭、權杖與方法",
        "claims in headers, tokens and methods",
        (
            "bulk",
            "server",
            "changing",
            "record",
            "search",
            "write",
            "bundle",
            "finder",
            "chart",
            "own",
            "relative",
            "questions",
            "urgent",
            "duties",
            "proofs",
            "implementing",
        ),
        "同一道門 the same door",
    ),
    Kind(
        "nobody",
        "未登入",
        "nobody signed in",
        (
            "bulk",
            "server",
            "changing",
            "record",
            "search",
            "write",
            "bundle",
            "finder",
            "chart",
            "own",
            "files",
            "relative",
            "receipts",
            "questions",
            "urgent",
            "duties",
            "proofs",
            "implementing",
        ),
        "無身分之程序 a process without readers",
    ),
    Kind(
        "as-typed",
        "邊打邊找",
        "search as one types (autocomplete)",
        ("finder", "search", "implementers.search"),
        "無逐字查找 nothing is found letter by letter",
    ),
    Kind(
        "closed-part",
        "所封閉之部分空或不空",
        "whether a closed part is empty",
        (
            "bulk",
            "server",
            "changing",
            "record",
            "search",
            "write",
            "bundle",
            "finder",
            "chart",
            "implementing",
        ),
        "本人及家人不受封閉 the person and those let in are not closed out",
    ),
    Kind(
        "ruled-part",
        "依碼、日期、作者、個案、分類所拒之紀錄",
        "records denied by code, date, author, instance or class",
        (
            "bulk",
            "server",
            "changing",
            "record",
            "search",
            "write",
            "bundle",
            "finder",
            "chart",
            "implementing",
        ),
        "只及照護 of care only",
    ),
    Kind(
        "cursor",
        "游標跨越選擇（兩向）",
        "a cursor across a choice, both ways",
        ("search", "finder"),
        "無游標 no cursors",
    ),
    Kind(
        "cache",
        "選擇前後之快取",
        "caches before and after a choice",
        ("record", "search", "bundle", "finder", "chart", "relative", "questions"),
        "只及本人 reaches only oneself",
    ),
    Kind(
        "old-token",
        "選擇前之工作階段與權杖",
        "sessions and tokens from before the choice",
        ("record", "search", "bundle", "finder", "chart", "relative", "files"),
        CHANGES,
    ),
    Kind(
        "ended-choice",
        "刪除、終止、改寫、復原之選擇",
        "choices deleted, ended, rewritten and restored",
        ("record", "search", "bundle", "chart", "questions"),
        CHANGES,
    ),
    Kind(
        "clock",
        "未到、已過與邊界時刻之選擇",
        "choices at the edges of their period",
        ("record", "search", "chart"),
        CHANGES,
    ),
    Kind(
        "label-later",
        "後補與移除之標籤",
        "labels that come later or are taken away",
        ("record", "search", "chart"),
        CHANGES,
    ),
    Kind(
        "delegated",
        "代看終止之後",
        "delegated access after its end",
        ("relative", "files", "chart", "record", "search"),
        CHANGES,
    ),
    Kind(
        "receipt",
        "他人之查閱紀錄與證明",
        "receipts and proofs of others",
        ("receipts",),
        "無收據 shows no receipts",
    ),
    Kind("aggregate", "統計差異", "differences of aggregates", ("questions",), "無統計 shows no aggregates"),
    Kind(
        "stopped",
        "停止後之統計與檔案",
        "questions after a stop",
        ("questions", "copies"),
        "只及次級利用 of secondary use only",
    ),
    Kind("parts", "磁碟上之湖檔", "part files on disk", ("copies",), "不落檔 writes no files"),
    Kind(
        "person-table",
        "有當事人欄之資料表",
        "tables with a person column",
        ("questions", "copies"),
        "不讀資料表 reads no tables",
    ),
    Kind(
        "work",
        "所費之工（時間）",
        "the work that an answer costs (timing)",
        ("record", "search", "finder", "chart"),
        "寫入同經此判斷 writes ask the same predicate",
    ),
    Kind(
        "emergency",
        "緊急查閱：他人、逾時、錯號",
        "emergency: others, after its end, a wrong number",
        ("record", "search", "chart", "urgent"),
        "只及照護 of care only",
    ),
    Kind(
        "scope",
        "轄區外之防疫人員",
        "an officer of another area",
        ("record", "search"),
        "只及防疫 of surveillance only",
    ),
    Kind(
        "merged",
        "合併之身分",
        "merged identities",
        ("record", "search", "chart", "questions"),
        CHANGES,
    ),
    Kind(
        "everything",
        "$everything 與病歷隔間",
        "$everything and compartments",
        ("server", "bundle"),
        "單筆與單類者另試 one record and one type are tried by other kinds",
    ),
    Kind("export", "大量匯出", "bulk export", ("bulk",), "不產生檔案 makes no files of many"),
    Kind(
        "whole-server",
        "全站查詢與歷程",
        "search and history of the whole server",
        (
            "fhir.history-type",
            "fhir.history-all",
            "fhir.search-all",
            "fhir.compartment",
            "fhir.everything",
            "fhir.meta",
        ),
        "單筆與單類者另試 one record and one type are tried by other kinds",
    ),
    Kind(
        "summary",
        "$summary、$document、$lastn、$match、$docref",
        "$summary, $document, $lastn, $match, $docref",
        ("fhir.read",),
        waits="operations on records",
    ),
    Kind("graphql", "GraphQL", "GraphQL", ("fhir.search",), waits="GraphQL"),
    Kind("subscription", "訂閱", "subscriptions", ("fhir.create",), waits="subscriptions"),
    Kind("view", "SQL on FHIR 檢視", "SQL on FHIR views", ("fhir.search",), waits="$run of views"),
    Kind("hook", "CDS Hooks 預取", "CDS Hooks prefetch", ("fhir.search",), waits="CDS Hooks"),
    Kind("patch", "PATCH 之結果", "what PATCH answers", ("changing",), "不修補 patches nothing"),
    Kind("smart", "SMART 權限範圍", "SMART scopes", ("fhir.search",), waits="SMART"),
    Kind(
        "code-use",
        "代碼使用次數",
        "how often a code is used",
        ("fhir.search",),
        "代碼頁不讀病歷，故併於查詢試之 pages of codes read no record: tried beside searches",
    ),
    Kind(
        "validate",
        "$validate 所查之參照",
        "references that $validate looks at",
        ("fhir.create",),
        "只驗所附之資源 it reads only what is brought",
    ),
)

BY_NAME = {kind.name: kind for kind in ATTACK_KINDS}


def group_of(path):
    """The group in which a path stands, None where it stands in none."""
    return next((name for name, paths in GROUPS.items() if path in paths), None)


def paths_of(kind):
    """The paths on which a kind must be tried: those of its groups, and those that it names alone."""
    return [path for name in kind.on for path in GROUPS.get(name, (name,))]


def wanted():
    """Every pair of kind and path that must be tried."""
    return {(kind.name, path) for kind in ATTACK_KINDS for path in paths_of(kind)}
