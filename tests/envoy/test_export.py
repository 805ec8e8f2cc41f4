"""The policies as an Envoy configuration: what is written, what is left, and that it is compared."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.envoy import Exported, Front, exported
from gateway.plan import load
from tests.commands.conftest import Tiergate
from tests.conformance.front import AWAY
from tests.gateway.notes import APIS, NOTES_FILE, PLATFORM, VALUES, plan_of, write_policies
from tests.processes import ROOT
from tiergate import catalogue

GOLDEN = Path(__file__).with_name("notes.yaml")
"""What these two operations are in Envoy's words. It is written anew by deleting it."""
SMALL = """\
api: notes
layer: process
owner: notes@firm.example
versions:
  v1: {state: deprecated, deprecated_on: 2026-09-01, sunset_on: 2027-03-01, guide: "https://dev.firm.example/v2"}
access: {issuers: [embedded, partners], audience: "${TIERGATE_AUDIENCE}"}
limits: {writes: {rate: 3/min, per: user}, hooks: 2/min}
defaults: {body_max: 1KB}
operations:
  upsertNote: {scopes: [notes:read, notes:write], limits: [writes]}
  hook: {public: true, limits: [hooks]}
on_store_failure: local
"""
DESK = """\
product: desk
plan: desk
clients: [console]
includes: {notes@v1: [upsertNote]}
"""
FRONT = Front(
    upstream="http://gateway:8080",
    site="https://api.firm.example",
    jwks={"embedded": "https://id.firm.example/keys", "partners": "https://b2b.firm.example/keys"},
    open_paths=("/health",),
)
KEYS = ("--jwks", "embedded=http://127.0.0.1:9/keys")


def export(folder: Path, **changed: str) -> Exported:
    return exported(plan_of(folder, **changed), FRONT)


def manager(found: Exported) -> dict[str, Any]:
    (listener,) = found.configuration["static_resources"]["listeners"]
    return dict(listener["filter_chains"][0]["filters"][0]["typed_config"])


def routes(found: Exported) -> dict[str, dict[str, Any]]:
    """By name, in their order."""
    return {route["name"]: route for route in manager(found)["route_config"]["virtual_hosts"][0]["routes"]}


def test_a_small_policy_folder_is_this_configuration(tmp_path: Path) -> None:
    folder = write_policies(tmp_path, notes=SMALL, desk=DESK)
    for name in ("cabinet", "face"):
        (folder / "apis" / f"{name}.yaml").unlink()
    text = exported(load(folder, APIS, VALUES), FRONT).text
    if not GOLDEN.exists():
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text(), f"if this is meant, delete {GOLDEN.name} and look at what comes anew"


def test_the_text_says_what_the_configuration_is(tmp_path: Path) -> None:
    found = export(tmp_path)
    assert yaml.safe_load(found.text) == found.configuration
    assert found.text == export(tmp_path).text


def test_what_nobody_listed_has_no_route(tmp_path: Path) -> None:
    names = routes(export(tmp_path))
    assert "notes-v1.note" in names
    assert not [name for name in names if "deleteNote" in name]
    assert list(names)[-1] == "not_offered"
    assert names["not_offered"]["direct_response"] == {"status": 404}


def test_every_operation_that_is_not_public_asks_for_a_token_and_scopes(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    names = routes(exported(plan, FRONT))
    for key, governed in plan.operations.items():
        filters = names[key]["typed_per_filter_config"]
        assert ("envoy.filters.http.jwt_authn" in filters) == (not governed.public)
        policies = filters.get("tiergate.caller", {}).get("rbac", {}).get("rules", {}).get("policies", {})
        assert any("missing_scope" in name for name in policies) == (not governed.public)


def test_no_secret_of_the_policies_is_in_it(tmp_path: Path) -> None:
    asks = 'introspect: {url: "https://id.firm.example/i", client_id: gw, client_secret: "the-gateways-own-secret"}'
    platform = PLATFORM.replace("workloads: true}", f"workloads: true, {asks}}}")
    text = export(tmp_path, platform=platform).text
    assert "opaque tokens" in text
    assert "the-gateways-own-secret" not in text


def test_a_percent_sign_in_a_scope_is_no_command_of_envoys(tmp_path: Path) -> None:
    notes = NOTES_FILE.replace("note: {scopes: [notes:read]}", "note: {scopes: [notes%REQ(x)%]}")
    mappers = manager(export(tmp_path, notes=notes))["local_reply_config"]["mappers"]
    documents = [mapper["body_format_override"]["json_format"] for mapper in mappers]
    assert {"scope": "notes%%REQ(x)%%"} in [document.get("facts") for document in documents]


def test_what_is_left_is_listed_with_the_operations_it_is_about(tmp_path: Path) -> None:
    left = {(each.noun, where) for each in export(tmp_path).left for where in each.where}
    assert ("object", "notes-v1.accountNotes") in left
    assert ("validate", "notes-v1.upsertNote") in left


def test_a_rule_of_a_noun_the_export_has_never_heard_of_is_listed_too(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    rule = plan.operations["notes-v1.note"].rules[0]
    rule.noun = "cors"
    assert "cors" in {each.noun for each in exported(plan, FRONT).left}


@pytest.mark.parametrize(
    ("life", "reason", "always"),
    [
        ("{state: draft}", "2~not_offered", True),
        ("{active_on: 2027-01-01}", "2~not_offered", False),
        ("{state: retired}", "3~version_retired", True),
        ("{sunset_on: 2027-03-01}", "3~version_retired", False),
    ],
)
def test_a_date_comes_true_by_itself(tmp_path: Path, life: str, reason: str, always: bool) -> None:
    notes = NOTES_FILE.replace("  v2: {}\n", f"  v2: {life}\n").replace(", successor: v2", "")
    policies = routes(export(tmp_path, notes=notes))["notes-v2.note"]["typed_per_filter_config"]["tiergate.operation"]
    said = policies["rbac"]["rules"]["policies"][reason]
    assert ("condition" not in said) == always
    assert always or "T00:00:00Z" in str(said["condition"])


def test_an_issuer_whose_keys_nobody_knows_cannot_be_exported(tmp_path: Path) -> None:
    front = Front(upstream="http://gateway:8080", site="https://api.firm.example", jwks={"embedded": "https://i/k"})
    with pytest.raises(ValueError, match="where the issuer partners has its keys is not known"):
        exported(plan_of(tmp_path), front)


@pytest.mark.parametrize("url", ["gateway:8080", "ftp://gateway", "https://user:word@gateway"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="the address of upstream"):
        Front(upstream=url, site="", jwks={})


@pytest.mark.real
def test_the_policies_that_ship_are_written_and_compared(tiergate: Tiergate, policies: Path, tmp_path: Path) -> None:
    out = tmp_path / "envoy.yaml"
    done = tiergate("export", "envoy", "--out", out, *KEYS)
    assert (done.code, done.out) == (0, f"wrote {out}\n")
    assert "Left to the gateway behind it" in done.err
    assert tiergate("export", "envoy", "--check", out, *KEYS).code == 0
    printed = tiergate("export", "envoy", "--json", *KEYS)
    assert json.loads(printed.out) == yaml.load(out.read_text(), yaml.CSafeLoader)
    desk = policies / "apis" / "service-desk.yaml"
    desk.write_text(desk.read_text().replace("desk:read", "desk:see"))
    changed = tiergate("export", "envoy", "--check", out, *KEYS)
    assert changed.code == 1
    assert "desk:see" in changed.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--listen", "8000", *KEYS), "it must be HOST:PORT"),
        (("--jwks", "nobody=http://a/b"), "ISSUER one of embedded"),
        (("--upstream", "gateway", *KEYS), "the address of upstream is 'gateway'"),
        (("--check", "no-such-file.yaml", *KEYS), "no-such-file.yaml cannot be read"),
        ((), "Write jwks at it in platform.yaml, or say --jwks embedded=URL"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    tiergate: Tiergate, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], said: str
) -> None:
    monkeypatch.setenv("TIERGATE_ISSUER", "http://127.0.0.1:9/identity")
    done = tiergate("export", "envoy", *words)
    assert done.code == 2
    assert said in done.err
    assert done.err.count("\n") == 1


def test_the_table_s_policies_can_be_exported_with_every_noun_they_have() -> None:
    values = {
        "CONFORMANCE_ISSUERS": "https://i",
        "CONFORMANCE_INTROSPECTION": "s",
        "CONFORMANCE_KEYS": f"sha256:{'0' * 64}",
        **AWAY,
    }
    plan = load(ROOT / "tests" / "conformance" / "policies", catalogue.apis(), values)
    front = Front(upstream="http://g", site="", jwks=dict.fromkeys(plan.issuers, "http://i/k"))
    says = [str(each) for each in exported(plan, front).left]
    for word in ("opaque tokens", "API key", "Ed25519", "at the same time", "which version a day means", "named twice"):
        assert [line for line in says if word in line], word
