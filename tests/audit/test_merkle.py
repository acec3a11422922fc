"""The tree against the published proof vectors and against the recursive definition of RFC 6962."""

import base64
import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camphora.audit.merkle import (
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)

pytestmark = pytest.mark.conformance

VECTORS = json.loads(gzip.decompress((Path(__file__).parent / "data/rfc6962.json.gz").read_bytes()))


def _bytes(text):
    return base64.b64decode(text or "")


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda case: case["name"])
def test_published_inclusion_vectors(case):
    proof = [_bytes(node) for node in case["proof"] or []]
    found = verify_inclusion(
        _bytes(case["leafHash"]), case["leafIdx"], case["treeSize"], proof, _bytes(case["root"])
    )
    assert found is not case["wantErr"]


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda case: case["name"])
def test_published_consistency_vectors(case):
    proof = [_bytes(node) for node in case["proof"] or []]
    roots = _bytes(case["root1"]), _bytes(case["root2"])
    assert verify_consistency(case["size1"], case["size2"], proof, *roots) is not case["wantErr"]


@pytest.mark.parametrize("case", VECTORS["subtreeinclusion"], ids=lambda case: case["name"])
def test_published_subtree_inclusion_vectors(case):
    proof = [_bytes(node) for node in case["proof"] or []]
    place = case["leafIdx"], (case["start"], case["end"])
    found = verify_subtree_inclusion(_bytes(case["leafHash"]), *place, proof, _bytes(case["root"]))
    assert found is not case["wantErr"]


@pytest.mark.parametrize("case", VECTORS["subtreeconsistency"], ids=lambda case: case["name"])
def test_published_subtree_consistency_vectors(case):
    proof = [_bytes(node) for node in case["proof"] or []]
    roots = _bytes(case["root1"]), _bytes(case["root2"])
    found = verify_subtree_consistency((case["start"], case["end"]), case["size"], proof, *roots)
    assert found is not case["wantErr"]


def test_all_published_vectors_are_here():
    assert sum(len(cases) for cases in VECTORS.values()) == 518


def _defined_root(leaves):
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(_defined_root(leaves[:split]), _defined_root(leaves[split:]))


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=70))
def test_roots_and_proofs_follow_the_definition_at_every_size(entries):
    leaves = [leaf_hash(entry) for entry in entries]
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    last = _defined_root(leaves)
    for size in range(1, len(leaves) + 1):
        root = _defined_root(leaves[:size])
        assert tree.root(size) == root
        assert verify_inclusion(leaves[size - 1], size - 1, size, tree.inclusion(size - 1, size), root)
        assert verify_consistency(size, len(leaves), tree.consistency(size, len(leaves)), root, last)


@given(st.integers(2, 60), st.data())
def test_a_proof_of_one_leaf_never_proves_another(size, data):
    tree = Tree()
    for number in range(size):
        tree.append(leaf_hash(bytes([number])))
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index))
    assert not verify_inclusion(tree.leaf(other), index, size, tree.inclusion(index, size), tree.root())


def test_leaves_added_together_make_the_same_tree():
    one, many = Tree(), Tree()
    leaves = [leaf_hash(str(number).encode()) for number in range(300)]
    for leaf in leaves:
        one.append(leaf)
    start = 0
    for size in (0, 1, 1, 2, 3, 5, 8, 13, 64, 1, 100, 102):
        assert many.extend(b"".join(leaves[start : start + size])) == start
        start += size
        if start:
            assert many.root() == one.root(start)
    assert many.append(leaves[0]) == one.append(leaves[0]) == 300
    assert [many.inclusion(number, 301) for number in range(301)] == [
        one.inclusion(number, 301) for number in range(301)
    ]
