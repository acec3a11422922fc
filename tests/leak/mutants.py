"""Mutants: one function with one statement, condition or argument less, in the running process; and whether its
statements are reached at all, which says what could notice."""

import ast
import builtins
import hashlib
import importlib
import inspect
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property

from camphora.records.judging import PERSONS
from leak.targets import KEEPING, LAW, POLICY, QUESTIONS, RECORDS, TARGETS

KEYWORDS = frozenset({"hidden", "closed", "refused", "persons", "types"})
"""Arguments of an Access that narrow it."""
DEFAULT = "default dropped"
VALUES = (ast.Assign, ast.AnnAssign, ast.NamedExpr, ast.Call, ast.keyword, ast.Starred, ast.Subscript,
          ast.FormattedValue, ast.Attribute, ast.For, ast.comprehension, ast.Tuple, ast.List, ast.BinOp)  # fmt: skip
"""Where an expression gives a value."""
VALUE = (ast.Constant, ast.Call, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.Name)


@dataclass(frozen=True)
class Mutant:
    """One function with one thing less. `what` is the piece of its source that is taken away."""

    module: str
    function: str
    number: int
    operator: str
    what: str
    tree: ast.FunctionDef
    line: int
    """The line of the statement that is changed, counted from the function's first."""

    @property
    def place(self):
        return self.module, self.function, self.line

    @property
    def name(self):
        short = self.module.removeprefix("camphora.")
        return f"{short}.{self.function}#{self.number} {self.operator}: {' '.join(self.what.split())[:90]}"


def found(module, dotted):
    """A function by its name inside a module; a property's getter; what a cache keeps the answers of."""
    part = importlib.import_module(module)
    for name in dotted.split("."):
        part = vars(part)[name]
    part = part.fget if isinstance(part, property) else part
    part = part.func if isinstance(part, cached_property) else part
    return inspect.unwrap(part)


def mutants(chosen="") -> Iterator[Mutant]:
    for module, names in TARGETS.items():
        for dotted in names:
            tree = parsed(module, dotted)
            for number, (operator, what, line, changed) in enumerate(changes(tree)):
                mutant = Mutant(module, dotted, number, operator, what, changed, line)
                if chosen in mutant.name and opens(mutant):
                    yield mutant


def opens(mutant):
    """Whether what is taken away may be one of law or choice. What puts the question of a search, chooses among ways to
    the same rows, or keeps a record as such, is none: tests/search with its oracle, and tests/records, hold that."""
    if mutant.operator == DEFAULT:
        return False
    words = KEEPING.get(mutant.function, LAW if mutant.module in QUESTIONS else ("",))
    return any(word in mutant.what or word in mutant.operator for word in words)


def parsed(module, dotted):
    tree = ast.parse(textwrap.dedent(inspect.getsource(found(module, dotted)))).body[0]
    tree.decorator_list = []
    return tree


def digest(module, dotted):
    """Of a function's text and of what its module sets under names that it uses: what was tried holds as long as both
    are the same."""
    return digest_of(inspect.getsource(importlib.import_module(module)), dotted)


@cache
def digest_of(source, dotted):
    """The same in a module's text."""
    tree = ast.parse(source)
    part = tree
    for name in dotted.split("."):
        part = next(each for each in part.body if getattr(each, "name", "") == name)
    text = "\n".join(ast.get_source_segment(source, each) for each in [part, *_settings(tree, part)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _settings(tree, part):
    """The assignments of a module that a part of it uses, and what these use, in order."""
    every = [each for each in tree.body if isinstance(each, ast.Assign | ast.AnnAssign)]
    used, found = _names(part), []
    while more := [each for each in every if each not in found and _names(each, ast.Store) & used]:
        found += more
        used = used.union(*map(_names, more))
    return [each for each in every if each in found]


def _names(part, how=ast.Load):
    return {each.id for each in ast.walk(part) if isinstance(each, ast.Name) and isinstance(each.ctx, how)}


def changes(tree):
    """(operator, what is taken away, the statement's line, the function without it), one for each place where an
    operator fits."""
    lines, stand_ins = statement_lines(tree), set(map(id, defaults(tree)))
    for number, node in enumerate(ast.walk(tree)):
        for operator, replace in operators(node):
            other = deepcopy(tree)
            same = next(each for place, each in enumerate(ast.walk(other)) if place == number)
            replace(same)
            named = DEFAULT if id(node) in stand_ins else operator
            yield named, ast.unparse(node), lines[id(node)], ast.fix_missing_locations(other)
    yield from filters(tree, lines)
    yield from verdicts(tree, lines)


def verdicts(tree, lines):
    """The same of what is answered by a comparison alone, which then always holds."""
    for number, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Compare):
            other = deepcopy(tree)
            next(each for at, each in enumerate(ast.walk(other)) if at == number).value = ast.Constant(True)
            yield (
                "comparison dropped",
                ast.unparse(node.value),
                lines[id(node)],
                ast.fix_missing_locations(other),
            )


def filters(tree, lines):
    """The same of the conditions by which a comprehension leaves something out; after the others, which keep their
    numbers."""
    for number, node in enumerate(ast.walk(tree)):
        for place, test in enumerate(getattr(node, "ifs", ())):
            other = deepcopy(tree)
            next(each for at, each in enumerate(ast.walk(other)) if at == number).ifs.pop(place)
            yield "filter dropped", ast.unparse(test), lines[id(node)], ast.fix_missing_locations(other)


def defaults(tree):
    """Each `a or b` that gives a value, b where there is no a: no condition."""
    for parent in ast.walk(tree):
        inner = ast.iter_child_nodes(parent) if isinstance(parent, VALUES) else ()
        yield from (node for node in inner if _is_default(node))


def _is_default(node):
    return isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and isinstance(node.values[-1], VALUE)


def statement_lines(tree):
    """Of each node the line of the innermost statement that holds it."""
    found = {}

    def walk(node, line):
        line = node.lineno if isinstance(node, ast.stmt) else line
        found[id(node)] = line
        for each in ast.iter_child_nodes(node):
            walk(each, line)

    walk(tree, tree.lineno)
    return found


def operators(node):
    if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Raise | ast.Return) and not node.orelse:
        yield "guard dropped", lambda same: setattr(same, "test", ast.Constant(False))
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
        yield "condition dropped", lambda same: setattr(same, "value", _yields(ast.Tuple([], ast.Load())))
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "call dropped", lambda same: setattr(same, "value", ast.Constant(None))
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"Predicate", "Condition"}
    ):
        for word, mark in (("always true", " OR 1"), ("never true", " AND 0")):
            yield word, lambda same, mark=mark: same.args.__setitem__(0, _wrapped(same.args[0], mark))
    if isinstance(node, ast.BoolOp):
        neutral = ast.Constant(isinstance(node.op, ast.And))
        for place in range(len(node.values)):
            yield (
                f"operand {place + 1} dropped",
                lambda same, place=place: same.values.__setitem__(place, neutral),
            )
    if isinstance(node, ast.FormattedValue) and ast.unparse(node.value).endswith(".sql"):
        yield "predicate open", lambda same: setattr(same, "value", _wrapped(same.value, " OR 1"))
    if isinstance(node, ast.Call):
        for place, keyword in enumerate(node.keywords):
            if keyword.arg in KEYWORDS:
                yield f"{keyword.arg} dropped", lambda same, place=place: _drop(same.keywords[place])
    if isinstance(node, ast.Tuple | ast.List):
        for place, each in enumerate(node.elts):
            if ast.unparse(each).endswith(".law"):
                yield "law dropped", lambda same, place=place: same.elts.pop(place)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub | ast.BitAnd):
        yield "difference dropped", _only_left


def _yields(value):
    return ast.YieldFrom(value)


def _wrapped(sql, mark):
    """The SQL of an expression in brackets, with a mark behind it that decides."""
    return ast.BinOp(ast.BinOp(ast.Constant("(("), ast.Add(), sql), ast.Add(), ast.Constant(f"){mark})"))


def _drop(keyword):
    """An argument that no longer narrows."""
    wide = {"persons": None, "types": None}
    keyword.value = ast.Constant(wide[keyword.arg]) if keyword.arg in wide else _nothing(keyword.arg)


def _nothing(name):
    return (
        ast.Call(ast.Name("frozenset", ast.Load()), [], [])
        if name == "refused"
        else ast.Tuple([], ast.Load())
    )


def _only_left(same):
    same.op, same.right = ast.BitOr(), same.left


@contextmanager
def applied(mutant):
    """The process under a mutant: every caller of the function meets it."""
    with replaced(mutant.module, mutant.function, mutant.tree):
        forget()
        try:
            yield
        finally:
            forget()


@contextmanager
def replaced(module, dotted, tree):
    function = found(module, dotted)
    space = dict(function.__globals__)
    code = compile(
        ast.Module([tree], []), f"<{module}.{dotted}>", "exec", flags=annotations(), dont_inherit=True
    )
    exec(code, space)
    kept, function.__code__ = function.__code__, space[tree.name].__code__
    try:
        yield
    finally:
        function.__code__ = kept


@contextmanager
def watched():
    """Gives a set into which every target puts the places of the statements that are reached."""
    seen = set()
    builtins.__dict__[REACHED] = seen.add
    try:
        with ExitStack() as stack:
            for module, names in TARGETS.items():
                for dotted in names:
                    tree = parsed(module, dotted)
                    _Marking(module, dotted).visit(tree)
                    stack.enter_context(replaced(module, dotted, ast.fix_missing_locations(tree)))
            yield seen
    finally:
        del builtins.__dict__[REACHED]


REACHED = "__reached__"


class _Marking(ast.NodeTransformer):
    """Before each statement a call that says its place."""

    def __init__(self, module, dotted):
        self._place = module, dotted

    def generic_visit(self, node):
        super().generic_visit(node)
        for name, values in ast.iter_fields(node):
            if isinstance(values, list) and values and isinstance(values[0], ast.stmt):
                setattr(node, name, [part for each in values for part in (self._mark(each), each)])
        return node

    def _mark(self, statement):
        place = ast.Constant((*self._place, statement.lineno))
        return ast.Expr(ast.Call(ast.Name(REACHED, ast.Load()), [place], []))


def forget():
    """Empty every cache of the planner and of the judges: what one mutant made is not told by the next."""
    for module in {*TARGETS, *(name for name in sys.modules if name.startswith((RECORDS, POLICY)))}:
        for part in list(vars(sys.modules[module]).values()):
            if callable(getattr(part, "cache_clear", None)):
                part.cache_clear()
    PERSONS._kept.clear()


def annotations():
    import __future__

    return __future__.annotations.compiler_flag
