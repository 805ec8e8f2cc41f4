"""Starting the issuer: what it refuses, and the demonstration's first run."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, select

from gateway.identity import tables
from gateway.identity.app import Identity
from gateway.identity.demo import ensure_demo, read_demo
from gateway.identity.parties import authenticate, find_client, find_person
from gateway.identity.settings import IdentitySettings, NotForProduction
from tests.identity.world import AUDIENCE, ISSUER

PORTAL = "salesforce:001A"


@pytest.fixture
def fresh(tmp_path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    tables.METADATA.create_all(engine)
    return engine


def test_it_does_not_start_in_production(tmp_path: Path) -> None:
    with pytest.raises(NotForProduction, match=r"^environment is production.*issuers"):
        IdentitySettings(issuer=ISSUER, audience=AUDIENCE, state_dir=tmp_path, environment="production")


@pytest.mark.parametrize(
    ("issuer", "audience", "named"),
    [("http://a.example/", AUDIENCE, "issuer"), ("ftp://a/identity", AUDIENCE, "issuer"), (ISSUER, "acme", "audience")],
)
def test_a_wrong_setting_is_named(tmp_path: Path, issuer: str, audience: str, named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named} is "):
        IdentitySettings(issuer=issuer, audience=audience, state_dir=tmp_path)


def test_the_sealing_key_is_the_owners_alone(settings: IdentitySettings, engine: Engine) -> None:
    Identity(settings, engine)
    key = settings.state_dir / "identity.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    again = key.read_text()
    Identity(settings, engine)
    assert key.read_text() == again


def test_the_first_run_makes_logins_that_work_and_tells_them_once(settings: IdentitySettings, fresh: Engine) -> None:
    made = ensure_demo(fresh, settings, public_url="http://127.0.0.1:8080/", portal_account=PORTAL)
    assert made is not None
    assert set(made.people) == {"priya@acme.example", "dana@acme.example", "nina@harbor-logistics.example"}
    assert authenticate(fresh, "priya@acme.example", made.people["priya@acme.example"]) is not None
    assert authenticate(fresh, "dana@acme.example", made.people["priya@acme.example"]) is None
    nina = find_person(fresh, "nina@harbor-logistics.example")
    assert nina is not None
    assert nina.account_id == PORTAL
    tier = find_client(fresh, "process-tier")
    assert tier is not None
    assert tier.layer == "process"
    assert tier.check_client_secret(made.clients["process-tier"])
    portal = find_client(fresh, "client-portal")
    assert portal is not None
    assert portal.check_endpoint_auth_method("none", "token")
    assert ensure_demo(fresh, settings, public_url="http://127.0.0.1:8080", portal_account=PORTAL) is None
    fresh.dispose()


def test_a_later_run_moves_with_the_address_and_keeps_the_secrets(settings: IdentitySettings, fresh: Engine) -> None:
    made = ensure_demo(fresh, settings, public_url="http://127.0.0.1:8080", portal_account=PORTAL)
    more = {"process-tier": ("netsuite:write",)}
    ensure_demo(fresh, settings, public_url="http://127.0.0.1:9191", portal_account=PORTAL, more_scopes=more)
    console, tier = find_client(fresh, "console"), find_client(fresh, "process-tier")
    assert made is not None
    assert console is not None
    assert tier is not None
    assert console.redirect_uris == ("http://127.0.0.1:9191/desk/callback",)
    assert console.check_client_secret(made.clients["console"])
    assert tier.scopes == ("netsuite:write",)
    assert authenticate(fresh, "priya@acme.example", read_demo(settings.state_dir).people["priya@acme.example"])
    fresh.dispose()


def test_the_demo_secrets_are_the_owners_alone_and_nowhere_in_the_clear(
    settings: IdentitySettings, fresh: Engine
) -> None:
    made = ensure_demo(fresh, settings, public_url="http://127.0.0.1:8080", portal_account=PORTAL)
    assert made is not None
    assert stat.S_IMODE((settings.state_dir / "demo.json").stat().st_mode) == 0o600
    with fresh.connect() as connection:
        stored = str(
            [tuple(row) for table in (tables.users, tables.clients) for row in connection.execute(select(table))]
        )
    for secret in [*made.people.values(), *made.clients.values()]:
        assert secret not in stored
        assert secret not in repr(made)
    fresh.dispose()
