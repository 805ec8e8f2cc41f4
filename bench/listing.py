"""What it costs to list 100,000 customers of each system and map them: memory, and processor time for a record.

A sandbox with so many customers runs in one process, the adapter reads all of them over HTTP in another. Memory is flat
when the reader holds no more after all of them than after a fifth of them. The cost of a record is set beside that of
decoding the same pages with msgspec into the same Structs, and no mapping: what nobody could do without.
Writes `bench/results/listing.json`.

python -m bench.listing [COUNT [SYSTEM ...]]
"""

import asyncio
import gc
import importlib
import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import structlog

from canonical.objects import Address, Customer, TaxRegistration
from canonical.ports import Page
from canonical.ports.lists import AccountList, CustomerList
from foundation import vendor_http
from foundation.connections import Connection
from foundation.sandbox import Box, Record
from foundation.sandbox.server import addresses, serve
from system_apis import SystemApi, discover

RESULT: Final = Path(__file__).resolve().parent / "results" / "listing.json"
COUNT: Final = 100_000
LIMIT: Final = 200
"""Records a page."""
GROWTH_MB: Final = 16.0
"""What a reader may hold more after all records than after a fifth of them."""
PAGES: Final = 25
ROUNDS: Final = 7


def _plain(number: int) -> Customer:
    return Customer(
        legal_entity_id="ACME-DE",
        legal_name=f"Werft {number:06} GmbH & Co. KG",
        trading_name=f"Werft {number:06}",
        default_currency="EUR",
        payment_terms="Net 30",
        email=f"rechnung{number}@werft.example",
        addresses=[Address(role="bill", lines=["Kaistraße 7"], city="Kiel", postal="24103", country="DE")],
        tax_registrations=[TaxRegistration(country="DE", scheme="USt-IdNr", number=f"DE{number:09}", status="valid")],
    )


def _netsuite(number: int) -> tuple[str, Record]:
    return "customer", {
        "externalId": f"salesforce:bench{number}",
        "companyName": f"Werft {number:06} GmbH & Co. KG",
        "email": f"rechnung{number}@werft.example",
        "subsidiary": {"id": "2"},
        "currency": {"id": "2"},
        "terms": {"id": "2"},
        "vatRegNumber": f"DE{number:09}",
    }


def _business_central(number: int) -> tuple[str, Record]:
    return "customers", {
        "tiergateKey": f"salesforce:bench{number}",
        "displayName": f"Werft {number:06} GmbH & Co. KG",
        "addressLine1": "Kaistraße 7",
        "city": "Kiel",
        "postalCode": "24103",
        "country": "DE",
        "email": f"rechnung{number}@werft.example",
        "taxRegistrationNumber": f"DE{number:09}",
    }


def _sap(number: int) -> tuple[str, Record]:
    area = {"SalesOrganization": "1010", "DistributionChannel": "10", "Division": "00", "Currency": "EUR"}
    return "A_BusinessPartner", {
        "BusinessPartnerCategory": "2",
        "OrganizationBPName1": f"Werft {number:06} GmbH & Co. KG",
        "to_BusinessPartnerRole": [{"BusinessPartnerRole": "FLCU00"}, {"BusinessPartnerRole": "FLCU01"}],
        "to_BusinessPartnerAddress": [
            {"StreetName": "Kaistraße 7", "CityName": "Kiel", "PostalCode": "24103", "Country": "DE"}
        ],
        "to_BusinessPartnerTax": [{"BPTaxType": "DE0", "BPTaxNumber": f"DE{number:09}"}],
        "to_BuPaIdentification": [
            {"BPIdentificationType": "ZTGKEY", "BPIdentificationNumber": f"salesforce:bench{number}"}
        ],
        "to_Customer": {
            "to_CustomerCompany": [{"CompanyCode": "1010", "ReconciliationAccount": "12100000"}],
            "to_CustomerSalesArea": [area],
        },
    }


def _oracle_fusion(number: int) -> tuple[str, Record]:
    return "accounts", {
        "OrganizationName": f"Werft {number:06} GmbH & Co. KG",
        "EmailAddress": f"rechnung{number}@werft.example",
        "CurrencyCode": "EUR",
        "TgLegalEntity_c": "ACME-DE",
        "TgPaymentTerms_c": "Net 30",
        "TgTaxCountry_c": "DE",
        "TgTaxScheme_c": "USt-IdNr",
        "TgTaxNumber_c": f"DE{number:09}",
        "Type": "ZCA_CUSTOMER",
        "SourceSystem": "TIERGATE",
        "SourceSystemReferenceValue": f"salesforce:bench{number}",
        "PrimaryAddress": [{"AddressLine1": "Kaistraße 7", "City": "Kiel", "PostalCode": "24103", "Country": "DE"}],
    }


def _tryton(number: int) -> tuple[str, Record]:
    place = {"street": "Kaistraße 7", "city": "Kiel", "postal_code": "24103", "country": 1}
    codes = [{"code": f"tiergate:salesforce:bench{number}"}, {"type": "de_vat", "code": f"DE{number:09}"}]
    return "party.party", {
        "name": f"Werft {number:06} GmbH & Co. KG",
        "customer_currency": 2,
        "customer_payment_term": 2,
        "addresses": [["create", [place]]],
        "contact_mechanisms": [["create", [{"type": "email", "value": f"rechnung{number}@werft.example"}]]],
        "identifiers": [["create", codes]],
    }


ENTERED: Final[dict[str, Callable[[int], tuple[str, Record]]]] = {
    "netsuite": _netsuite,
    "business_central": _business_central,
    "sap_s4hana": _sap,
    "oracle_fusion": _oracle_fusion,
    "tryton": _tryton,
}
"""How a customer is entered where no suite says how one is planted."""


def main(*said: str) -> int:
    """Measure each system, write the result, and say whose memory grew."""
    count = int(said[0]) if said else COUNT
    systems = said[1:] or tuple(name for name, system in discover().items() if operation_of(system))
    measured, left = {}, {}
    for name in systems:
        try:
            measured[name] = measure(name, count)
        except LookupError as unsaid:
            left[name] = str(unsaid)
        print(f"  {name:<18} {measured.get(name) or left[name]}", flush=True)
    grown = [name for name, found in measured.items() if found["grown_mb"] > GROWTH_MB]
    result = {
        "what": f"{count} customers listed over HTTP, {LIMIT} a page, and mapped; beside decoding the same pages alone",
        "measured": measured,
        "not_measured": left,
        "limits": {"grown_mb": GROWTH_MB},
        "over": grown,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
        "repeat": "make bench",
    }
    if not said:
        RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 1 if grown else 0


def measure(name: str, count: int) -> dict[str, float]:
    """The numbers of one system; `LookupError` where nobody says how its customers come there."""
    if name not in measurable():
        raise LookupError("nobody says how its customers are entered")
    with tempfile.TemporaryDirectory(prefix="tiergate-bench-") as folder:
        command = [sys.executable, "-m", "bench.listing"]
        serving = subprocess.Popen([*command, "serve", name, str(count), folder], stdin=subprocess.PIPE)
        try:
            while not addresses(Path(folder)):
                if serving.poll() is not None:
                    raise RuntimeError(f"the {name} sandbox did not start")
                time.sleep(0.05)
            done = subprocess.run([*command, "read", name, str(count), folder], check=True, stdout=subprocess.PIPE)
        finally:
            assert serving.stdin
            serving.stdin.close()
            serving.wait(30)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measurable() -> set[str]:
    """The systems that list customers and whose sandbox can be given many."""
    listing = [name for name, system in discover().items() if operation_of(system)]
    return {name for name in listing if name in ENTERED or Customer in _suite(name).plant}


def operation_of(system: SystemApi) -> str:
    """What lists its customers; empty where nothing does."""
    ports = {CustomerList: "customers", AccountList: "accounts"}
    return next((operation for port, operation in ports.items() if port in system.ports), "")


def serving(name: str, count: int, state: Path) -> None:
    """A sandbox with so many customers, until stdin ends."""
    system = discover()[name]
    assert system.sandbox
    assert system.demo
    demo, sandbox = system.demo(), system.sandbox()
    state.mkdir(exist_ok=True)
    box = Box(sandbox, state / f"{name}.sqlite")
    for option, value in demo.options.items():
        box.store.set_setting(option, value)
    _suite(name).prepare(box)
    with box.store.transaction():
        for number in range(1, count + 1):
            if name in ENTERED:
                sandbox.enter(box, *ENTERED[name](number))
            else:
                _suite(name).plant[Customer](box, _plain(number))
    box.store.close()
    (state / "values.json").write_bytes(msgspec.json.encode(demo.values))
    asyncio.run(serve([sandbox], state, with_stdin=True))


async def reading(name: str, count: int, state: Path) -> dict[str, float]:
    """List them all, once for time and memory, then some pages again and again for the cost of a record."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    connection = _connection(name, state)
    system = discover()[name]
    adapter: Any = system.connect(connection)
    ask = getattr(adapter, operation_of(system))
    cursor, seen, early = "", 0, 0.0
    began = time.monotonic()
    while True:
        page: Page[Customer] = await ask(cursor=cursor, limit=LIMIT)
        seen += len(page.items)
        if not early and seen >= count // 5:
            early = _resident()
        cursor = page.next
        if not cursor:
            break
    took, late = time.monotonic() - began, _resident()
    await adapter.close()
    assert seen >= count, f"{seen} of {count} were listed"
    decoded, mapped, ratio = await costs(name, connection)
    return {
        "records": seen,
        "seconds": round(took, 1),
        "resident_mb": round(late, 1),
        "grown_mb": round(late - early, 1),
        "decoded_us_a_record": round(decoded, 2),
        "decoded_and_mapped_us_a_record": round(mapped, 2),
        "mapped_to_decoded": round(ratio, 2),
    }


async def costs(name: str, connection: Connection) -> tuple[float, float, float]:
    """Microseconds of processor a record: decoding alone, and all that the adapter does; and the second in the first.

    Both over the same answers, kept in memory, and for the same records. A round decodes, maps and decodes again, so
    that what else the machine does weighs on both; each number is the median of the rounds.
    """
    kept: list[tuple[int, list[tuple[bytes, bytes]], bytes]] = []
    pages: list[tuple[bytes, Any]] = []
    read = vendor_http._read

    def noting(response: httpx.Response, returns: Any, *rest: Any) -> Any:
        pages.append((response.content, returns))
        return read(response, returns, *rest)

    vendor_http._read = noting
    try:
        _, records = await _list(name, connection, _Keeping(kept), begun=pages.clear)
    finally:
        vendor_http._read = read
    rounds = []
    for _ in range(ROUNDS):
        before = _decoding(pages)
        mapping, _ = await _list(name, connection, _Replaying(kept))
        rounds.append(((before + _decoding(pages)) / 2, mapping))
    decoded, mapped = (statistics.median(each) / records * 1e6 for each in zip(*rounds, strict=True))
    return decoded, mapped, statistics.median(mapping / decoding for decoding, mapping in rounds)


def _decoding(pages: list[tuple[bytes, Any]]) -> float:
    """Seconds of processor to decode these answers."""
    gc.collect()
    began = time.thread_time()
    for content, returns in pages:
        msgspec.json.decode(content, type=returns)
    return time.thread_time() - began


async def _list(
    name: str, connection: Connection, transport: httpx.AsyncBaseTransport, begun: Callable[[], None] = lambda: None
) -> tuple[float, int]:
    """Seconds of processor for some pages, and their records.

    The first page is not counted: with it come the sign-in and the codes looked up. `begun` is called after it.
    """
    system = discover()[name]
    adapter: Any = system.connect(connection, transport)
    ask = getattr(adapter, operation_of(system))
    page = await ask(limit=LIMIT)
    begun()
    gc.collect()
    began, seen = time.thread_time(), 0
    for _ in range(PAGES):
        if not page.next:
            break
        page = await ask(cursor=page.next, limit=LIMIT)
        seen += len(page.items)
    took = time.thread_time() - began
    await adapter.close()
    return took, seen


class _Keeping(httpx.AsyncBaseTransport):
    def __init__(self, kept: list[tuple[int, list[tuple[bytes, bytes]], bytes]]) -> None:
        self._kept = kept
        self._inner = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        content = await answer.aread()
        self._kept.append((answer.status_code, list(answer.headers.raw), content))
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


class _Replaying(httpx.AsyncBaseTransport):
    def __init__(self, kept: list[tuple[int, list[tuple[bytes, bytes]], bytes]]) -> None:
        self._left = iter(kept)

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        status, headers, content = next(self._left)
        return httpx.Response(status, headers=headers, content=content)


def _connection(name: str, state: Path) -> Connection:
    values = msgspec.json.decode((state / "values.json").read_bytes(), type=dict[str, str])
    sign_in = dict(_suite(name).sign_in)
    for key, text in sign_in.items():
        if text.startswith("${"):
            sign_in[key] = values[text[2:-1]]
        elif text.startswith("https://"):
            sign_in[key] = addresses(state)[name].url  # where the vendor signs in apart, the sandbox does it itself
    return Connection(name=name, url=addresses(state)[name].url, sign_in=sign_in, timeout=120.0)


def _suite(name: str) -> Any:
    return importlib.import_module(f"system_apis.{name}.suite").SUITE


def _resident() -> float:
    """Megabytes this process holds."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve", name, count, state]:
            serving(name, int(count), Path(state))
        case ["read", name, count, state]:
            print(json.dumps(asyncio.run(reading(name, int(count), Path(state)))))
        case said:
            sys.exit(main(*said))
