"""`tiergate export envoy`: the policies as the configuration of an Envoy that stands in front of the gateway."""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from gateway.envoy import Exported, Front, exported
from gateway.issuers import Issuer
from gateway.plan import Plan
from tiergate.assembly import OPEN_PATHS
from tiergate.contracts import plan_of
from tiergate.settings import Settings, WrongSetting

SAYS: Final = "write an Envoy configuration that enforces the policies, and say what it leaves to the gateway"
EXAMPLES: Final = """\
  tiergate export envoy --out envoy.yaml --upstream http://gateway:8080   what it leaves behind, on standard error
  tiergate export envoy --check envoy.yaml --upstream http://gateway:8080 write nothing; fail when it differs
  tiergate export envoy --jwks workforce=https://id.firm.example/keys     do not ask the issuer where its keys are
"""
_OPERATORS: Final = frozenset({"/ready", "/metrics"})
"""For those who run the platform: no front passes them on."""


def arguments(command: argparse.ArgumentParser) -> None:
    """Where to write it, and what no policy says."""
    command.add_argument("--out", type=Path, metavar="FILE", help="a file (default: standard output)")
    command.add_argument("--check", type=Path, metavar="FILE", help="write nothing; fail when that file differs")
    command.add_argument("--listen", metavar="HOST:PORT", default="0.0.0.0:8000", help="(default: 0.0.0.0:8000)")
    command.add_argument(
        "--upstream", metavar="URL", help="the gateway behind it (default: where `tiergate serve` listens)"
    )
    command.add_argument(
        "--jwks", metavar="ISSUER=URL", action="append", default=[], help="where an issuer has its keys"
    )


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """1 where `--check` finds a difference. Raises `PolicyError`, or `WrongSetting` for what cannot be exported."""
    plan = plan_of(settings)
    found = exported(plan, _front(settings, asked, plan))
    if asked.check is not None:
        return _differs(asked.check, found.text)
    text = json.dumps(found.configuration, indent=2) + "\n" if asked.json else found.text
    if asked.out is None:
        sys.stdout.write(text)
    else:
        asked.out.write_text(text, encoding="utf-8")
        print(f"wrote {asked.out}")
    _say_what_is_left(found)
    return 0


def _front(settings: Settings, asked: argparse.Namespace, plan: Plan) -> Front:
    host, _, port = asked.listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise WrongSetting(f"--listen is {asked.listen!r}; it must be HOST:PORT, such as 0.0.0.0:8000.")
    return Front(
        host=host.strip("[]"),
        port=int(port),
        upstream=asked.upstream or f"http://{settings.host}:{settings.port}",
        site=settings.public_url or f"http://{asked.listen}",
        jwks=_keys(plan.issuers, asked.jwks),
        open_paths=tuple(path for path in OPEN_PATHS if path not in _OPERATORS),
    )


def _keys(issuers: Mapping[str, Issuer], said: Iterable[str]) -> dict[str, str]:
    """Where each issuer has its keys: as it is said here, in platform.yaml, or by the issuer itself."""
    known = dict(one.split("=", 1) for one in said if "=" in one)
    if strange := [one for one in said if one.split("=", 1)[0] not in issuers or "=" not in one]:
        raise WrongSetting(f"--jwks is {strange[0]!r}; it must be ISSUER=URL, ISSUER one of {', '.join(issuers)}.")
    return {name: known.get(name) or issuer.jwks or _asked(name, issuer.issuer) for name, issuer in issuers.items()}


def _asked(name: str, issuer: str) -> str:
    """What the issuer's metadata says (OpenID Connect Discovery 1.0 section 4)."""
    address = f"{issuer.rstrip('/')}/.well-known/openid-configuration"
    try:
        answer = httpx.get(address, timeout=5.0)
        document = msgspec.json.decode(answer.raise_for_status().content, type=dict[str, Any])
        if document["issuer"] != issuer:
            raise ValueError(f"it speaks for {document['issuer']!r}")
        return str(document["jwks_uri"])
    except (httpx.HTTPError, httpx.InvalidURL, msgspec.MsgspecError, LookupError, ValueError) as failed:
        why = str(failed).partition("\n")[0]
        raise WrongSetting(
            f"where the issuer {name} has its keys is not known, and {address} does not say: {why}. "
            f"Write jwks at it in platform.yaml, or say --jwks {name}=URL."
        ) from failed


def _differs(path: Path, text: str) -> int:
    try:
        written = path.read_text(encoding="utf-8")
    except OSError as missing:
        raise WrongSetting(f"{path} cannot be read: {missing.strerror}") from missing
    changed = list(unified_diff(written.splitlines(), text.splitlines(), str(path), "the policies", n=1, lineterm=""))
    if changed:
        print(*changed[:60], sep="\n")
        print(f"{path} differs from the policies: run tiergate export envoy --out {path}")
    return 1 if changed else 0


def _say_what_is_left(found: Exported) -> None:
    print("Left to the gateway behind it, which runs the same policies:", file=sys.stderr)
    for each in found.left:
        print(f"  {each}", file=sys.stderr)
