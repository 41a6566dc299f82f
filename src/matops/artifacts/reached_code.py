"""The code that a kept result follows from, as a digest: what is kept is stale once it differs.

Definitions are followed by name through the source (static reachability), from a few roots down to
formulas: of code that is ours, what they mean counts, of other packages the version. Comments,
docstrings, annotations and layout mean nothing, and neither does where the source lies. What code
finds only while it runs (files, plug-ins) is not seen: a family puts a version of such into its
``feature_key``.
"""

import ast
import hashlib
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import Any

from matops.core.family import Family, FamilyConfig

Name = tuple[str, str]
"""A module and a definition in it, ``f`` or ``Class.f``, or one of the next two."""
WHOLE, EFFECTS = "*", ""
"""All definitions of a module, and what it does when it is imported beside defining names."""
DEFINING = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


class _Bare(ast.NodeTransformer):
    """Drops what changes no result: docstrings, annotations, casts, imports for type checkers."""

    def visit_Expr(self, node: ast.Expr) -> Any:
        return None if isinstance(node.value, ast.Constant) else self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> Any:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: Any) -> Any:
        node.returns = None
        return self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> Any:
        of_types = ast.unparse(node.test).endswith("TYPE_CHECKING")
        return None if of_types else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        is_cast = isinstance(node.func, ast.Name) and node.func.id == "cast"
        return node.args[1] if is_cast and len(node.args) > 1 else node


def _bound(statement: ast.stmt) -> set[str]:
    """Names that a statement gives to something."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    nodes = list(ast.walk(statement))
    names = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names | {n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)}


class _Module:
    """A module's source: its definitions by name, and whence its imported names come."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.imports: dict[str, Name] = {}
        self.definitions: dict[str, list[ast.AST]] = {EFFECTS: []}
        path = _source(name)
        if path is None:
            return
        if path.suffix != ".py":
            content = ast.Constant(hashlib.sha256(path.read_bytes()).hexdigest())
            self.definitions[EFFECTS].append(content)
            return
        self.package = name if path.stem == "__init__" else name.rpartition(".")[0]
        for statement in _Bare().visit(ast.parse(path.read_bytes())).body:
            self.imports |= self.imported(statement)
            self._define(statement)

    def imported(self, tree: ast.AST) -> dict[str, Name]:
        """What the imports in a piece of code bind, ``a.b`` where it is used by that."""
        bound: dict[str, Name] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                bound |= {each.asname or each.name: (each.name, WHOLE) for each in node.names}
            elif isinstance(node, ast.ImportFrom):
                source = resolve_name("." * node.level + (node.module or ""), self.package)
                bound |= {each.asname or each.name: (source, each.name) for each in node.names}
        return bound

    def _define(self, statement: ast.stmt, owner: str = "") -> None:
        """File a statement under the names that it binds, and under effects if it may do more."""
        if isinstance(statement, ast.Import | ast.ImportFrom):
            return
        names = _bound(statement)
        if not names or not isinstance(statement, DEFINING):
            names = {*names, EFFECTS}
        for name in names:
            self.definitions.setdefault(owner + name, []).append(statement)
        if isinstance(statement, ast.ClassDef):
            for inner in statement.body:
                self._define(inner, f"{owner}{statement.name}.")

    def targets(self, statements: Iterable[ast.AST]) -> dict[str, Name]:
        """Where the names that statements use are defined; those of builtins are left out."""
        targets: dict[str, Name] = {}
        for statement in statements:
            bound = self.imports | self.imported(statement)
            names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
            own = {name: (self.name, name) for name in names & self.definitions.keys()}
            targets |= own | {n: at for n, at in bound.items() if n.partition(".")[0] in names}
        return targets

    def decorated(self) -> Iterator[tuple[str, str]]:
        """Definitions, and the modules of their decorators."""
        for name, statements in self.definitions.items():
            for statement in statements:
                for module, _ in self.targets(getattr(statement, "decorator_list", ())).values():
                    yield name, module


class _Reached:
    """What some definitions reach: for each, what it says and where its names are defined."""

    def __init__(self, ours: frozenset[str], roots: Iterable[Name]) -> None:
        self.ours = ours
        self.lines: dict[Name, str] = {}
        waiting = list(roots)
        while waiting:
            at = waiting.pop()
            if at not in self.lines:
                waiting += self._visit(*at)

    def _version(self, module: str) -> str | None:
        """Version of the package that a module is of; None if its code is ours."""
        top = module.partition(".")[0]
        return None if top in self.ours else _version(top)

    def _visit(self, module: str, name: str) -> list[Name]:
        version = self._version(module)
        if version is not None:
            self.lines[module, name] = version
            return []
        source = _module(module)
        statements = source.definitions.get(name, [])
        targets = source.targets(statements)
        if name == WHOLE:
            targets = source.imports | {each: (module, each) for each in source.definitions}
        elif name == EFFECTS:
            # A decorator of ours may register what it decorates, which nobody calls by name then.
            registered = {n for n, by in source.decorated() if self._version(by) is None}
            targets |= {each: (module, each) for each in registered}
            targets |= {name: at for name, at in source.imports.items() if name == WHOLE}
        elif source.imports.get(name, (module, name)) != (module, name):
            targets = {name: source.imports[name]}
        elif not statements:
            inner = f"{module}.{name}"
            targets = {name: (inner if _source(inner) else module, WHOLE)}
        self.lines[module, name] = repr(
            ([ast.dump(s) for s in statements], sorted(targets.items()))
        )
        return [*targets.values(), (module, EFFECTS)]


@cache
def _module(name: str) -> _Module:
    return _Module(name)


def _source(name: str) -> Path | None:
    """A module's file; None if there is none."""
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded:
        return Path(loaded)
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.has_location and spec.origin else None


@cache
def _version(package: str) -> str | None:
    """Version of an installed package; None for code that has none, which is read instead."""
    if package in sys.stdlib_module_names:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        pass
    try:
        version = getattr(importlib.import_module(package), "__version__", None)
    except ImportError:
        return "absent"
    return None if version is None else str(version)


def _methods(kind: type, names: Iterable[str]) -> Iterator[Name]:
    """Members of a class and of those it inherits from, and those that they use of ``self``."""
    waiting, seen = list(names), set[str]()
    while waiting:
        member = waiting.pop()
        if member in seen:
            continue
        seen.add(member)
        for owner in kind.__mro__:
            if member in vars(owner):
                name = f"{owner.__qualname__}.{member}"
                yield owner.__module__, name
                for statement in _module(owner.__module__).definitions.get(name, []):
                    nodes = (n for n in ast.walk(statement) if isinstance(n, ast.Attribute))
                    waiting += [n.attr for n in nodes if hasattr(kind, n.attr)]


def _kinds(config: object) -> frozenset[type]:
    """Classes of a configuration and of the sections in it."""
    if not is_dataclass(config) or isinstance(config, type):
        return frozenset()
    inner = (_kinds(getattr(config, field.name)) for field in fields(config))
    return frozenset({type(config)}).union(*inner)


@cache
def _digest(
    family: type[Family],
    methods: tuple[str, ...],
    functions: tuple[Any, ...],
    kinds: frozenset[type],
) -> str:
    ours = frozenset({"matops", family.__module__.partition(".")[0]})
    roots = {*_methods(family, methods), *((f.__module__, f.__qualname__) for f in functions)}
    for kind in kinds:
        members = (name for owner in kind.__mro__ for name in vars(owner))
        source = ((m, n) for m, n in _methods(kind, members) if n in _module(m).definitions)
        roots |= {at for at in source if not at[1].endswith("__")}
    lines = _Reached(ours, roots).lines
    content = "\n".join(f"{module}:{name}={lines[module, name]}" for module, name in sorted(lines))
    return hashlib.sha256(content.encode()).hexdigest()


def code_digest(
    family: Family,
    config: FamilyConfig | None,
    methods: Sequence[str],
    functions: Sequence[Callable[..., Any]],
) -> bytes:
    """Digest of the code that some methods of a family, and some functions, reach; read once.

    Of ``config``, its own methods count, its fields and defaults don't.
    """
    return _digest(type(family), tuple(methods), tuple(functions), _kinds(config)).encode()
