"""A real Tryton 8.2 with the firm in it, in an environment and a process of its own (it is GPL-3).

Its database is made once a machine, some two minutes, and kept by what it is made from; each session works on a copy.
"""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from canonical.dates import now
from canonical.money import minor_units
from foundation.sandbox import firm
from system_apis.tryton.sandbox.catalogue import sold
from system_apis.tryton.sandbox.seed import CURRENCIES, LIMIT, OWED, TERMS
from tests.cached import once
from tests.isolated import python
from tests.processes import ROOT

DATABASE: Final = "erp"
RPC: Final = "/erp/rpc/"
USER: Final = "tiergate"
PASSWORD: Final = "only-in-tests-7"
LOCK: Final = ROOT / "lock" / "tryton.txt"
SETUP: Final = Path(__file__).with_name("firm_setup.py")
MODULES: Final = (
    *("ir", "res", "party", "company", "country", "currency", "account", "account_product", "account_invoice"),
    *(
        "account_credit_limit",
        "party_relationship",
        "product",
        "project",
        "project_invoice",
        "project_revenue",
        "timesheet",
    ),
    *("timesheet_cost", "sale", "sale_opportunity", "sale_advance_payment"),
)
TAXES: Final = {"DE": "0.19", "IN": "0.18"}
_CONFIG: Final = """[database]
uri = sqlite://
path = {path}
[web]
listen = 127.0.0.1:{port}
[password]
length = 4
"""


def database() -> Path:
    """The database as the firm's administrator left it."""
    setup = hashlib.sha256(SETUP.read_bytes() + json.dumps(_firm() | {"today": ""}).encode()).hexdigest()[:12]
    return once(f"tryton-firm-{setup}", LOCK, _make) / f"{DATABASE}.sqlite"


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a server on a copy of the database in `folder`; it ends with the block."""
    shutil.copy(database(), folder / f"{DATABASE}.sqlite")
    port = _free_port()
    conf = _configured(folder, port)
    with (folder / "trytond.log").open("w") as log:
        command = [python("tryton"), _program("trytond"), "-c", conf, "-d", DATABASE]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=_environment())
        try:
            _wait_for(port, process, folder / "trytond.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def ask_proteus(folder: Path, script: Path, *arguments: str) -> Any:
    """What Tryton's own client finds in the database of `folder`: the JSON that a script prints."""
    command = [python("tryton"), script, folder / "trytond.conf", DATABASE, *arguments]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _make(place: Path) -> None:
    place.mkdir(parents=True)
    (place / f"{DATABASE}.sqlite").touch()  # Tryton makes none by itself
    (place / "admin").write_text(PASSWORD)
    conf = _configured(place, 8000)
    told = _environment() | {"TRYTONPASSFILE": str(place / "admin")}
    # An empty address is asked for on the terminal, after all the work is done.
    admin = [_program("trytond-admin"), "-c", conf, "-d", DATABASE, "--email", "admin@acme.example", "-u", *MODULES]
    _run([python("tryton"), *admin, "--activate-dependencies"], told)
    _run([python("tryton"), SETUP, conf, DATABASE], told, json.dumps(_firm()))


def _run(command: list[Any], environment: dict[str, str], given: str = "") -> None:
    done = subprocess.run(
        command, env=environment, input=given, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


def _firm() -> dict[str, Any]:
    """The firm of all sandboxes, and what an administrator says besides."""
    held = [each for each in firm.ACCOUNTS if each.credit_hold]
    return {
        "today": now().date().isoformat(),
        "places": sorted({(account.country, account.subdivision) for account in firm.ACCOUNTS}),
        "currencies": [[code, minor_units(code)] for code in CURRENCIES],
        "terms": TERMS,
        "entities": [
            {
                "code": each.code,
                "name": each.name,
                "country": each.country,
                "currency": each.currency,
                "time_zone": each.time_zone,
                "partners": list(each.partners),
                "tax": TAXES.get(each.country, ""),
            }
            for each in firm.ENTITIES
        ],
        "items": [msgspec.to_builtins(each) for each in sold()],
        "people": [{"name": "Katrin Behrens", "email": "katrin.behrens@acme.example", "entity": "ACME-DE"}],
        "held": [
            {
                "key": each.key,
                "name": each.legal_name,
                "street": each.street,
                "city": each.city,
                "postal": each.postal,
                "country": each.country,
                "subdivision": each.subdivision,
                "entity": next(entity.code for entity in firm.ENTITIES if entity.currency == each.currency),
                "tax": ["us_ein", each.tax.number] if each.tax else None,
                "terms": each.terms,
                "limit": str(LIMIT),
                "owes": str(OWED),
            }
            for each in held
        ],
        "user": {"name": USER, "password": PASSWORD},
    }


def _configured(folder: Path, port: int) -> Path:
    conf = folder / "trytond.conf"
    conf.write_text(_CONFIG.format(path=folder, port=port))
    return conf


def _program(name: str) -> Path:
    """A program of the environment. It is run by its interpreter: the environment was moved when it was ready."""
    return python("tryton").with_name(name)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": ""}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"Tryton does not answer: {log.read_text()}")
