"""The policy folder as Structs: `platform.yaml`, `apis/*.yaml`, `products/*.yaml`, `environments/*.yaml`.

The Structs of the first two are put together from the nouns that are found, so a new noun's key is known to both.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar, get_args

import msgspec

from gateway import environments
from gateway.conversion import convert
from gateway.foreign import Spec, specs
from gateway.loader import Node, PolicyError, read
from gateway.noun import nouns

S = TypeVar("S")


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of consumer may see: a file of `products/`."""

    product: str
    plan: str
    """A plan in platform.yaml."""
    clients: list[str]
    """The client ids that have it."""
    includes: dict[str, list[str]]
    """Operations by API and version: `engagements@v2: [listEngagements]`."""
    addresses: list[str] | None = None
    """The only networks its clients may call from: `[203.0.113.0/24, 2001:db8::/32]`."""


class Policy(msgspec.Struct, frozen=True):
    """One policy file: what it says, and where."""

    said: Mapping[str, Any]
    node: Node


class Policies(msgspec.Struct, frozen=True):
    """A whole folder."""

    platform: Policy
    apis: list[Policy]
    products: list[Policy]
    files: Mapping[str, Policy] = {}
    """The files that nouns have of their own, by noun."""
    specs: Mapping[str, Spec] = {}
    """The contracts of APIs that are not ours, by the line that names each."""


def read_folder(folder: Path, values: Mapping[str, str], problems: list[str], environment: str = "") -> Policies | None:
    """All files of a policy folder; None, with the reasons in `problems`, when any of them cannot be used.

    `environment` names the file of `environments/` whose values hold, where there is one.
    """
    before = len(problems)
    here = _node(folder, environments.path_of(folder, environment), values, problems)
    platform = _file(folder, folder / "platform.yaml", platform_type, values, problems, here)
    apis = [_file(folder, path, api_type, values, problems) for path in sorted(folder.glob("apis/*.yaml"))]
    products = [
        _file(folder, path, lambda: Product, values, problems) for path in sorted(folder.glob("products/*.yaml"))
    ]
    files = {
        name: _file(folder, path, kind, values, problems)
        for name, kind in own_files().items()
        if (path := folder / f"{name}.yaml").exists()
    }
    contracts = {name: spec for api in apis if api for name, spec in _specs(folder, api, problems)}
    if platform is None or len(problems) > before:
        return None
    return Policies(
        platform,
        [api for api in apis if api],
        [product for product in products if product],
        {name: file for name, file in files.items() if file},
        contracts,
    )


def _specs(folder: Path, api: Policy, problems: list[str]) -> Iterator[tuple[str, Spec]]:
    """The contracts that an API's file names."""
    for version, said in api.said["versions"].items():
        if said.spec:
            where = api.node.at("versions", version, "spec").where
            if not (folder / said.spec).is_file():
                problems.append(f"{where}: versions.{version}.spec: the policy folder has no file {said.spec!r}")
                continue
            try:
                yield where, specs.read(folder / said.spec, f"{folder.name}/{said.spec}")
            except specs.Unusable as wrong:
                problems.append(str(wrong))


def own_files() -> dict[str, Callable[[], type[msgspec.Struct]]]:
    """What gives the types of the files that nouns have of their own, by noun."""
    return {noun.name: partial(_typed, noun.file) for noun in nouns() if noun.file is not None}


def _typed(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    return kind


@cache
def operation_type() -> type[msgspec.Struct]:
    """What may be said of an operation: one optional key a noun."""
    fields = [(noun.name, noun.operation, None) for noun in nouns() if noun.operation is not None]
    return msgspec.defstruct("Operation", fields, frozen=True, kw_only=True)


@cache
def api_type() -> type[msgspec.Struct]:
    """What an API's file may hold."""
    fixed: list[Any] = [
        ("api", str),
        ("owner", str),
        ("defaults", operation_type(), None),
        ("operations", dict[str, operation_type()]),  # type: ignore[misc]  # a type made at run time
    ]
    found = [noun for noun in nouns() if noun.api is not None]
    fields = [(noun.name, noun.api) if noun.required else (noun.name, noun.api, None) for noun in found]
    return msgspec.defstruct("Api", [*fixed, *fields], frozen=True, kw_only=True)


@cache
def platform_type() -> type[msgspec.Struct]:
    """What platform.yaml holds. A key whose type admits None may be left out; every other one is needed."""
    fields = [_field(key, kind) for noun in nouns() for key, kind in (noun.platform or {}).items()]
    return msgspec.defstruct("Platform", fields, frozen=True, kw_only=True)


def _field(key: str, kind: Any) -> Any:
    return (key, kind, None) if NoneType in get_args(kind) else (key, kind)


def _file(
    folder: Path,
    path: Path,
    kind: Callable[[], type[msgspec.Struct]],
    values: Mapping[str, str],
    problems: list[str],
    here: Node | None = None,
) -> Policy | None:
    if not path.exists():
        problems.append(f"{_name(folder, path)}:1: the file is missing; no policy folder is without it")
        return None
    node = _node(folder, path, values, problems)
    if node is None:
        return None
    if here is not None:
        environments.put_in_force(here, node, problems)
    found = convert(node, kind(), problems, "")
    return Policy(msgspec.structs.asdict(found), node) if found is not None else None


def _node(folder: Path, path: Path, values: Mapping[str, str], problems: list[str]) -> Node | None:
    if not path.exists():
        return None
    try:
        return read(path, _name(folder, path), values)
    except PolicyError as broken:
        problems.extend(broken.problems)
        return None


def _name(folder: Path, path: Path) -> str:
    return f"{folder.name}/{path.relative_to(folder)}"
