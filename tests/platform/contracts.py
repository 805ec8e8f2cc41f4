"""The published contracts, operation by operation: what the tests of this folder are asked of."""

import json
import re
from typing import Any

import msgspec
import yaml

from tests.processes import ROOT
from tiergate import catalogue


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """One operation as `openapi/*.json` has it."""

    api: str
    file: str
    layer: str
    id: str
    method: str
    path: str
    scopes: tuple[str, ...]
    statuses: tuple[int, ...]
    has_body: bool
    document: dict[str, Any]

    @property
    def key(self) -> str:
        return f"{self.api}.{self.id}"

    @property
    def public(self) -> bool:
        return not self.scopes

    @property
    def good(self) -> int:
        """The status of an answer that is no refusal."""
        return self.statuses[0]

    def at(self, **values: str) -> str:
        """Its address, with something nobody has for each parameter that is not given; a rule somebody may approve."""
        values = {"rule": "validity"} | values
        return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "nobody-has-this"), self.path)


LAYERS = {api.key: api.layer for api in catalogue.apis()}
"""By API and major."""


def _read() -> list[Published]:
    found = []
    for file in sorted((ROOT / "openapi").glob("*.json")):
        document = json.loads(file.read_text())
        name, _, major = file.stem.rpartition("-v")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                found.append(
                    Published(
                        api=name if major == "1" else f"{name}@v{major}",
                        file=file.name,
                        layer=LAYERS[file.stem],
                        id=operation["operationId"],
                        method=method.upper(),
                        path=path,
                        scopes=tuple(scope for one in operation["security"] for scope in one["bearer"]),
                        statuses=tuple(sorted(map(int, operation["responses"]))),
                        has_body="requestBody" in operation,
                        document=operation,
                    )
                )
    return found


_ROLES = yaml.safe_load((ROOT / "policies" / "bindings.yaml").read_text()).values()
BOUND = {name for bound in _ROLES for name in (bound.values() if isinstance(bound, dict) else [bound])}
"""The systems that play a role in the demonstration."""
ALL = _read()
OPERATIONS = [operation for operation in ALL if operation.layer != "system" or operation.api in BOUND]
"""What the demonstration serves."""
UNBOUND = [operation for operation in ALL if operation not in OPERATIONS]
BY_KEY = {operation.key: operation for operation in OPERATIONS}
