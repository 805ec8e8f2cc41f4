"""Published contracts: `openapi/<api>-v<major>.json`, made from code and policies, compared in every test run.

What an API tells its subscribers stands in it as webhooks, and once more in `openapi/asyncapi/` as AsyncAPI.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gateway.plan import Plan, compiled, read
from gateway.policies import Policies
from gateway.published import contract, written
from gateway.publishing.contract import Change, compare
from gateway.publishing.rules import Finding, findings
from tiergate import asyncapi, catalogue
from tiergate.assembly import AUDIENCE
from tiergate.settings import Settings

_ASYNCHRONOUS: Final = "asyncapi"
"""The folder of the AsyncAPI documents, below the contracts."""
_OF_ANY: Final = ("checkable", "secured")
"""Rules that hold for a contract whoever wrote it."""
_OF_OWNERS: Final = ("checkable", "data-class")
"""Rules that an owner's own document is held to: its sign-in and its errors are as they are."""


def plan_of(settings: Settings) -> Plan:
    """The plan, with addresses that nobody needs yet left as they are called. Raises `PolicyError`."""
    return compiled(policies_of(settings), catalogue.apis())


def policies_of(settings: Settings, folder: Path | None = None) -> Policies:
    """What the policy folder says, or another one. Raises `PolicyError`."""
    return read(folder or settings.policies, values_of(settings), settings.environment)


def values_of(settings: Settings) -> dict[str, str]:
    """What `${NAME}` in a policy stands for, with our own addresses where nobody gave others."""
    return {"TIERGATE_ISSUER": f"{settings.address}/identity", "TIERGATE_AUDIENCE": AUDIENCE, **settings.values}


def documents(plan: Plan) -> dict[str, dict[str, Any]]:
    """Every API's contract, by file name, those that are not ours too; an operation no policy lists is not in it."""
    return {f"{api.key}.json": contract(plan, api) for api in (*catalogue.apis(), *plan.foreign)}


def breaking(settings: Settings) -> dict[str, list[Change]]:
    """What would break who relies on a contract as it is published now, by file name."""
    found = {}
    for name, text in _texts(settings).items():
        path = settings.contracts / name
        if path.exists():
            changes = compare(json.loads(path.read_text(encoding="utf-8")), json.loads(text))
            found[name] = [change for change in changes if change.breaking]
    return {name: changes for name, changes in found.items() if changes}


def against_the_rules(settings: Settings) -> dict[str, list[Finding]]:
    """What keeps a contract from being published, by file name: what cannot be checked, and the house's rules.

    Of an API that is not ours only what we answer for: how its errors look and what it says of a field is its owner's.
    """
    others = {f"{api.key}.json" for api in plan_of(settings).foreign}
    found = {
        name: [each for each in findings(json.loads(text)) if name not in others or each.rule in _OF_ANY]
        for name, text in _texts(settings).items()
    }
    return {name: each for name, each in found.items() if each}


def lint(settings: Settings, path: Path, document: Mapping[str, Any]) -> list[Finding]:
    """What is against the rules in a contract that was read from a file; one in the policy folder is its owner's."""
    owners = path.resolve().is_relative_to(settings.policies.resolve())
    return [each for each in findings(document) if not owners or each.rule in _OF_OWNERS]


def publish(settings: Settings) -> list[str]:
    """Write what changed; what it was."""
    changed, texts = [], _texts(settings)
    (settings.contracts / _ASYNCHRONOUS).mkdir(parents=True, exist_ok=True)
    for name, text in (texts | _asynchronous(settings)).items():
        path = settings.contracts / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            changed.append(f"wrote {settings.contracts.name}/{name}")
    for stray in _strays(settings, texts):
        stray.unlink()
        changed.append(f"removed {settings.contracts.name}/{stray.name}")
    return changed


def check(settings: Settings) -> list[str]:
    """What differs between the published contracts and the code, a line each."""
    wrong, texts, folder = [], _texts(settings), settings.contracts.name
    for name, text in (texts | _asynchronous(settings)).items():
        path = settings.contracts / name
        if not path.exists():
            wrong.append(f"{folder}/{name} is not published yet: run tiergate openapi")
        elif path.read_text(encoding="utf-8") != text:
            wrong.append(f"{folder}/{name} differs from the code: run tiergate openapi, and review the difference")
    strays = _strays(settings, texts)
    return wrong + [f"{folder}/{stray.name} is of no API any more: run tiergate openapi" for stray in strays]


def _texts(settings: Settings) -> dict[str, str]:
    return {name: written(whole) for name, whole in documents(plan_of(settings)).items()}


def _asynchronous(settings: Settings) -> dict[str, str]:
    """The AsyncAPI document of every API that tells events, by file name."""
    apis = catalogue.apis()
    answering = {
        each.said["api"]: asyncapi.Answering(each.said["owner"], each.said["criticality"])
        for each in policies_of(settings).apis
    }
    return {
        f"{_ASYNCHRONOUS}/{api.key}.json": written(asyncapi.document(api, apis, answering))
        for api in apis
        if api.events
    }


def _strays(settings: Settings, wanted: Mapping[str, str]) -> list[Path]:
    return [path for path in sorted(settings.contracts.glob("*.json")) if path.name not in wanted]
