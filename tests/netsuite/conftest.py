"""A NetSuite sandbox, signed in to as a real account would be, and objects to write to it."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from canonical.money import Money
from canonical.objects import (
    Address,
    BillingLine,
    BillingSchedule,
    Contract,
    Customer,
    Project,
    TaxRegistration,
)
from foundation.connections import Connection
from foundation.sandbox import Box
from foundation.vendor_http import http_client
from system_apis.netsuite.adapter import NetSuite
from system_apis.netsuite.auth import sign_in
from system_apis.netsuite.sandbox import SANDBOX

URL = "https://1234567-sb1.suitetalk.api.netsuite.com"
TBA = {"consumer_key": "ck", "consumer_secret": "cs&=", "token_id": "tk", "token_secret": "ts/+"}


@pytest.fixture(scope="session")
def private_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def box(private_key: rsa.RSAPrivateKey) -> Box:
    """An empty account, with our integration registered for both ways of signing in."""
    made = Box(SANDBOX)
    public = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    registered = {"client_id": "tiergate", "certificate_id": "cert-1", "public_key": public, **TBA}
    for name, value in registered.items():
        made.store.set_setting(name, value)
    return made


@pytest.fixture
def connection(private_key: rsa.RSAPrivateKey) -> Connection:
    pem = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    keys = {"flow": "oauth2", "client_id": "tiergate", "certificate_id": "cert-1", "private_key": pem}
    return Connection(name="netsuite", url=URL, sign_in=keys)


@pytest.fixture
async def http(box: Box, connection: Connection) -> AsyncIterator[httpx.AsyncClient]:
    auth, _ = sign_in(connection)
    async with http_client(connection, auth, box.transport()) as client:
        yield client


@pytest.fixture
def netsuite(http: httpx.AsyncClient) -> NetSuite:
    return NetSuite(http, "tiergate")


Make = Callable[..., Any]


@pytest.fixture
def a_customer() -> Make:
    def make(**changes: Any) -> Customer:
        plain: dict[str, Any] = {
            "legal_entity_id": "ACME-DE",
            "legal_name": "Blaue Elbe Werke GmbH & Co. KG",
            "default_currency": "EUR",
            "payment_terms": "Net 30",
            "email": "rechnung@blaue-elbe.example",
            "addresses": [Address(lines=["Werftstraße 14"], city="Hamburg", postal="20457", country="DE")],
            "tax_registrations": [TaxRegistration(country="DE", scheme="USt-IdNr", number="DE136695976")],
        }
        return Customer(**plain | changes)

    return make


@pytest.fixture
def a_contract() -> Make:
    def make(account_id: str, **changes: Any) -> Contract:
        plain: dict[str, Any] = {
            "legal_entity_id": "ACME-DE",
            "number": "C-00003",
            "account_id": account_id,
            "title": "Fertigungsplanung neu",
            "opportunity_id": "006Tg0000000003IAA",
            "currency": "EUR",
            "value": Money.of("98500.00", "EUR"),
            "billing_method": "fixed",
            "start": date(2026, 12, 1),
            "end": date(2027, 5, 31),
            "signed_at": date(2026, 11, 20),
            "po_number": "PO-4503",
            "payment_terms": "Net 30",
            "status": "active",
        }
        return Contract(**plain | changes)

    return make


@pytest.fixture
def a_project() -> Make:
    def make(account_id: str, **changes: Any) -> Project:
        plain: dict[str, Any] = {
            "legal_entity_id": "ACME-DE",
            "code": "DE-26-0003",
            "name": "Fertigungsplanung neu",
            "account_id": account_id,
            "contract_id": "C-00003",
            "opportunity_id": "006Tg0000000003IAA",
            "currency": "EUR",
            "budget": Money.of("98500.00", "EUR"),
            "billing_method": "fixed",
            "start": date(2026, 12, 1),
            "end": date(2027, 5, 31),
            "practice": "Operations",
            "project_manager": "katrin.behrens@acme.example",
        }
        return Project(**plain | changes)

    return make


@pytest.fixture
def a_schedule() -> Make:
    def make(project_id: str, **changes: Any) -> BillingSchedule:
        lines = [
            BillingLine(
                ref=f"M{number}",
                name=f"Abnahme {number}",
                due=date(2027, number, 28),
                amount=Money.of(Decimal("49250.00"), "EUR"),
            )
            for number in (1, 2)
        ]
        plain: dict[str, Any] = {
            "name": "DE-26-0003 milestones",
            "project_id": project_id,
            "currency": "EUR",
            "method": "milestone",
            "lines": lines,
        }
        return BillingSchedule(**plain | changes)

    return make
