"""`camphora audit`: prove the receipt log, or one receipt; exchange its heads with witnesses and compare them."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from camphora.audit import Tree as Merkle
from camphora.audit import check_proof, check_written, is_vouched_for, verify
from camphora.audit.checkpoints import COSIGNATURE, verifier_key
from camphora.audit.heads import key_of, public_keys, signed_heads
from camphora.audit.keys import begin_after_loss
from camphora.audit.log import newest_checkpoint
from camphora.audit.merkle import leaf_hash
from camphora.audit.receipt import fields_of
from camphora.audit.verifying import Disagreement
from camphora.audit.witnesses import Addition, Witness, contradictions, read_addition
from camphora.cli.terminal import Terminal
from camphora.errors import Invalid, NotFound
from camphora.installation import Installation
from camphora.installation.installation import hold
from camphora.records.looks import known_on_disk

if TYPE_CHECKING:
    from camphora.cli.parser import Tree
    from camphora.pages.words import Words


def add(tree: Tree) -> None:
    verbs, words = tree.noun("audit"), tree.words
    made = verbs.command("verify", run_verify, "audit_verify")
    made.add_argument(
        "folder", type=Path, nargs="?", default=Path(), metavar="FOLDER", help=words("top.folder")
    )
    made.add_argument("--key", action="append", default=[], metavar="KEY", help=words("audit_verify.key"))
    checked = verbs.command("check", run_check, "audit_check")
    checked.add_argument("file", type=Path, metavar="FILE", help=words("audit_check.file"))
    checked.add_argument("--key", metavar="KEY", help=words("audit_check.key"))
    heads = verbs.command("heads", run_heads, "audit_heads")
    heads.add_argument("folder", type=Path, metavar="FOLDER", help=words("top.folder"))
    heads.add_argument("--old", type=int, default=0, metavar="SIZE", help=words("audit_heads.old"))
    witness = verbs.command("witness", run_witness, "audit_witness")
    witness.add_argument("keep", type=Path, metavar="KEEP", help=words("audit_witness.keep"))
    witness.add_argument("file", type=Path, metavar="FILE", help=words("audit_witness.file"))
    witness.add_argument("--key", required=True, metavar="KEY", help=words("audit_witness.key"))
    witness.add_argument("--name", default="witness", metavar="NAME", help=words("audit_witness.name"))
    compared = verbs.command("check-heads", run_check_heads, "audit_check_heads")
    compared.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help=words("audit_check_heads.files")
    )
    compared.add_argument("--log", type=Path, metavar="FOLDER", help=words("audit_check_heads.log"))
    compared.add_argument("--key", action="append", default=[], metavar="KEY", help=words("audit_verify.key"))
    rotated = verbs.command("rotate-key", run_rotate, "audit_rotate_key")
    rotated.add_argument("folder", type=Path, metavar="FOLDER", help=words("top.folder"))
    rotated.add_argument("--lost", action="store_true", help=words("audit_rotate_key.lost"))


def run_verify(given: argparse.Namespace, terminal: Terminal) -> int:
    folder = _log_of(given.folder)
    verdict = verify(folder, _keys(given.key), known_on_disk(given.folder))
    for fault in verdict.found:
        terminal.say(_fault_line(terminal.words, fault))
    for loss in verdict.losses:
        said = terminal.words("audit_verify.loss", line=loss.line, receipts=loss.receipts, begun=loss.key)
        terminal.say(said)
    key = "audit_verify.sound" if verdict.sound else "audit_verify.broken"
    fields = {
        "sound": verdict.sound,
        "receipts": verdict.receipts,
        "heads": verdict.heads,
        "faults": verdict.faults,
        "losses": [
            {"line": each.line, "receipts": each.receipts, "key": each.key} for each in verdict.losses
        ],
    }
    terminal.result(fields, terminal.words(key, receipts=verdict.receipts, heads=verdict.heads))
    return 0 if verdict.sound else Invalid.exit_code


def _fault_line(words: Words, fault: Disagreement) -> str:
    key = fault.kind if fault.first >= fault.last or fault.kind != "root" else "root_among"
    facts = {name: getattr(fault, name) for name in ("first", "last", "named", "held")}
    after = words("audit_verify.fault.after", heads=fault.heads) if fault.heads else ""
    return words(f"audit_verify.fault.{key}", line=fault.first + 1, begun=fault.key, **facts) + after


def run_check(given: argparse.Namespace, terminal: Terminal) -> int:
    """One proof as a citizen downloads it: the line, its path, the root under which it stands, the signed head; and of
    a certificate, that the choices beside it are those that were written."""
    trusted = _keys([given.key]) if given.key else []
    try:
        proof = orjson.loads(given.file.read_bytes())
        holds, written = check_proof(proof), check_written(proof)
        trust = any(is_vouched_for(proof, key) for key in trusted) if trusted else None
        facts = {
            "index": proof["index"],
            "size": proof["size"],
            "root": proof["root"],
            "signer": proof["key"],
        }
    except FileNotFoundError as error:
        raise NotFound("cli-no-file", file=given.file.name) from error
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Invalid("cli-not-a-proof", file=given.file.name) from error
    words, words_of_key = terminal.words, {None: "named_by_file", True: "trusted", False: "foreign"}
    said = [words("audit_check.holds" if holds else "audit_check.fails", **facts)]
    if holds:
        said.append(words(f"audit_check.{words_of_key[trust]}", **facts))
    if holds and written is not None:
        choices = proof["consents"]
        said.append(words("audit_check.written" if written else "audit_check.changed", n=len(choices)))
        said += [_written_line(words, choice) for choice in choices if written]
    elif holds and fields_of(proof["entry"].encode())["act"] == "choice":
        said.append(words("audit_check.bare"))
    sound = holds and written is not False and trust is not False
    fields = {"holds": sound, "proven": holds, "written": written, "trusted": trust, **facts}
    terminal.result(fields, "\n".join(said))
    return 0 if sound else Invalid.exit_code


def _written_line(words: Words, choice: dict[str, Any]) -> str:
    """A proven choice by its own codes, so that nobody need believe the words of the file."""
    provision = choice.get("provision", {})
    criteria = {name: value for name, value in provision.items() if name != "type"}
    return words(
        "audit_check.choice",
        id=str(choice.get("id", "")),
        status=str(choice.get("status", "")),
        sense=str(provision.get("type", "")),
        since=str(choice.get("dateTime", "")),
        criteria=orjson.dumps(criteria).decode(),
    )


def run_heads(given: argparse.Namespace, terminal: Terminal) -> int:
    """The newest signed head as a checkpoint; with `--old` as a request that a witness takes."""
    folder = _log_of(given.folder)
    head = newest_checkpoint(folder)
    proof = tuple(_tree_of(folder).consistency(given.old, head.size)) if 0 < given.old <= head.size else ()
    text = Addition(given.old, proof, head).text() if given.old else head.text()
    signer = next((key for key in _keys_of(folder) if head.is_signed_by(key)), None)
    fields = {
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "verifier_key": verifier_key(head.origin, signer) if signer else "",
        "note": text,
    }
    terminal.result(fields, text.rstrip("\n"))
    return 0


def run_witness(given: argparse.Namespace, terminal: Terminal) -> int:
    """Take a head: check it against those kept, sign it, keep it."""
    witness, asked, keys = (
        Witness(given.keep, given.name),
        read_addition(_text(given.file)),
        _keys([given.key]),
    )
    taken = witness.take(asked, next((key for key in keys if asked.head.is_signed_by(key)), keys[0]))
    fields = {
        "size": taken.size,
        "root": taken.root.hex(),
        "verifier_key": verifier_key(witness.name, witness.public, COSIGNATURE),
        "note": taken.text(),
    }
    terminal.result(fields, terminal.words("audit_witness.taken", size=taken.size, root=taken.root.hex()))
    return 0


def run_check_heads(given: argparse.Namespace, terminal: Terminal) -> int:
    """Whether heads that several people keep, and the log itself, can all be true."""
    given_heads = [read_addition(_text(file)) for file in given.files]
    tree, keys = None, _keys(given.key)
    if given.log is not None:
        folder = _log_of(given.log)
        tree, keys = _tree_of(folder), keys or _keys_of(folder)
    found, unproven = contradictions(given_heads, keys, tree)
    for one in found:
        sizes = {"size": one.head.size, "other": one.other.size if one.other else len(tree or ())}
        terminal.say(terminal.words(f"audit_check_heads.{one.kind}", **sizes))
    fields = {
        "agree": not found,
        "heads": len(given_heads),
        "unproven": unproven,
        "contradictions": [
            {"kind": one.kind, "size": one.head.size, "other": one.other.size if one.other else None}
            for one in found
        ],
    }
    key = "audit_check_heads.contradict" if found else "audit_check_heads.agree"
    terminal.result(fields, terminal.words(key, heads=len(given_heads), unproven=unproven))
    return Invalid.exit_code if found else 0


def run_rotate(given: argparse.Namespace, terminal: Terminal) -> int:
    """A new key for the heads that follow; the service must be stopped. Where the old one is lost, a break tells."""
    if given.lost:
        return _begin_after_loss(given.folder, terminal)
    installation = Installation.open(given.folder)
    try:
        new = installation.store.audit.rotate()
    finally:
        installation.close()
    terminal.result({"key": new}, terminal.words("audit_rotate_key.done", public=new))
    return 0


def _begin_after_loss(folder: Path, terminal: Terminal) -> int:
    """Said while nobody serves the installation, which does not open before."""
    log = _log_of(folder)
    held = hold(folder)
    try:
        new = begin_after_loss(log)
    finally:
        os.close(held)
    terminal.result({"key": new}, terminal.words("audit_rotate_key.begun", public=new))
    return 0


def _log_of(folder: Path) -> Path:
    """The folder of the log: of an installation, or a copy of its `audit/` alone."""
    for place in (folder / "audit", folder):
        if (place / "receipts.log").exists():
            return place
    raise Invalid("installation-none", folder=folder.name or str(folder))


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("audit-not-a-checkpoint") from error


def _keys(given: Sequence[str]) -> list[Ed25519PublicKey]:
    """Public keys in hex, or in files that hold them."""
    try:
        return [key_of(text) for each in given for text in _held_in(each).split()]
    except (OSError, ValueError) as error:
        raise Invalid("audit-not-a-key") from error


def _held_in(text: str) -> str:
    """Keys as they stand, or what lies in the file of that name."""
    return text if re.fullmatch(r"[0-9a-fA-F\s]{64,}", text) else Path(text).read_text("ascii")


def _tree_of(folder: Path) -> Merkle:
    tree = Merkle()
    with (folder / "receipts.log").open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                tree.append(leaf_hash(line[:-1]))
    return tree


def _keys_of(folder: Path) -> list[Ed25519PublicKey]:
    """Every key that the log has had."""
    heads = [signed["head"] for signed in signed_heads(folder / "heads.log")]
    return [*public_keys(folder), *(key_of(head["next"]) for head in heads if "next" in head)]
