"""What the source says of itself, read without running it: classes, their fields, their operations, their sentences."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Field(NamedTuple):
    """A field of a Struct as its source has it."""

    name: str
    type: str
    data_class: str
    default: str
    doc: str


class Operation(NamedTuple):
    """A port's method as its source has it."""

    where: str
    id: str
    method: str
    path: str
    returns: str
    doc: str


class Class(NamedTuple):
    """A class of a module."""

    where: str
    name: str
    bases: tuple[str, ...]
    doc: str
    fields: tuple[Field, ...]
    operations: tuple[Operation, ...]


class Module(NamedTuple):
    """A module: its docstring, its public classes and the keyword arguments of what it registers."""

    path: Path
    where: str
    doc: str
    classes: tuple[Class, ...]
    registered: dict[str, dict[str, str]]


def modules(pattern: str) -> Iterator[Module]:
    """The modules that match a glob from the root, in alphabetical order."""
    for path in sorted(ROOT.glob(pattern)):
        yield module(path)


def module(path: Path) -> Module:
    """One module."""
    tree = ast.parse(path.read_text())
    where = path.relative_to(ROOT).as_posix()
    return Module(
        path=path,
        where=where,
        doc=(ast.get_docstring(tree, clean=False) or "").strip(),  # its drawings are indented
        classes=tuple(_class(node, where) for node in tree.body if isinstance(node, ast.ClassDef) and _public(node)),
        registered=dict(_registered(tree)),
    )


def _public(node: ast.ClassDef) -> bool:
    return not node.name.startswith("_")


def _registered(tree: ast.Module) -> Iterator[tuple[str, dict[str, str]]]:
    """Module constants made by a call with keyword arguments, such as `SYSTEM_API = SystemApi(name=...)`."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(keywords=given))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(keywords=given))
            ):
                yield name, {keyword.arg: _text(keyword.value) for keyword in given if keyword.arg}


def _text(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ast.unparse(node)


def _class(node: ast.ClassDef, where: str) -> Class:
    bases = tuple(ast.unparse(base) for base in node.bases)
    where = f"{where}: {node.name}"
    fields = tuple(_fields(node)) if "Protocol" not in bases else ()
    return Class(where, node.name, bases, ast.get_docstring(node) or "", fields, tuple(_operations(node, where)))


def _fields(node: ast.ClassDef) -> Iterator[Field]:
    following = [*node.body[1:], ast.Pass()]
    for statement, after in zip(node.body, following, strict=True):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value) if name[0] != "_":
                kind, data_class = _annotation(annotation)
                yield Field(name, kind, data_class, ast.unparse(value) if value else "", _sentence(after))


def _annotation(node: ast.expr) -> tuple[str, str]:
    """`Annotated[str, PII]` as `("str", "pii")`."""
    match node:
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, ast.Name(id=name), *_])):
            return ast.unparse(kind), name.lower()
        case ast.Subscript(
            value=ast.Name(id="Annotated"),
            slice=ast.Tuple(elts=[kind, ast.Call(args=[ast.Constant(value=str(name)), *_]), *_]),
        ):
            return ast.unparse(kind), name
        case _:
            return ast.unparse(node), ""


def _operations(node: ast.ClassDef, where: str) -> Iterator[Operation]:
    for method in node.body:
        if not isinstance(method, ast.AsyncFunctionDef):
            continue
        for decorator in method.decorator_list:
            match decorator:
                case ast.Call(
                    func=ast.Name(id="operation"),
                    args=[ast.Constant(value=str(verb)), ast.Constant(value=str(path)), *_],
                ):
                    returns = ast.unparse(method.returns) if method.returns else ""
                    doc = ast.get_docstring(method) or ""
                    yield Operation(f"{where}.{method.name}", _camel(method.name), verb, path, returns, doc)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _sentence(node: ast.stmt) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
        case _:
            return ""
