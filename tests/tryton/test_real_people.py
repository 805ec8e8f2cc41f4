"""People at a real Tryton: what our ports wrote is what its own client shows, and what people entered is read."""

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from canonical.faults import VendorStale
from canonical.ports.leads import KeyChange
from canonical.ports.people import PersonUpdate
from system_apis.tryton.adapter import Tryton
from system_apis.tryton.listing import RELATION
from tests.ports import objects
from tests.tryton import real_server
from tests.tryton.real_world import Server

pytestmark = pytest.mark.real
READ_BACK: Final = Path(__file__).with_name("people_read_back.py")
LEAD: Final = "salesforce:00QTg0000000044IAA"


def typed(server: Server, name: str) -> int:
    (found,) = server.ask("party.relation.type.search", [["name", "=", name]], 0, None, None)
    return int(found)


async def test_a_contact_of_ours_stands_on_the_forms_of_both(folder: Path, real_erp: Tryton, server: Server) -> None:
    server.forget()
    account = (await real_erp.upsert_customer(objects.CUSTOMER, objects.customer())).id
    other = (await real_erp.upsert_customer(LEAD, objects.customer(legal_name="Nordlicht", tax_registrations=[]))).id
    native = (await real_erp.upsert_person(objects.PERSON, objects.contact(account))).id
    seen = await real_erp.person(native)
    assert seen.source
    update: dict[str, Any] = {"given": "Anna", "family": "van Dam", "phone": "", "title": "CFO", "account_id": other}
    person = msgspec.structs.replace(seen, **update)
    data = PersonUpdate(fields=[*update], person=person, seen=seen.source.native_version)
    await real_erp.update_person(native, data)
    with pytest.raises(VendorStale):
        await real_erp.update_person(native, data)
    found = real_server.ask_proteus(folder, READ_BACK, native)
    assert found["party"]["name"] == "Anna van Dam"
    assert found["party"]["reached"] == [["email", "j.mueller@sturmvogel.example"]]
    assert found["party"]["relations"] == [["Contact of", "Nordlicht"]]
    assert "tiergate.title:CFO" in found["party"]["identifiers"]
    assert [each["relations"] for each in found["others"]] == [[["Contact", "Anna van Dam"]]]
    await real_erp.set_customer_key(other, KeyChange(key="salesforce:001Tg0000000099IAA"))
    (firm,) = real_server.ask_proteus(folder, READ_BACK, native)["others"]
    assert firm["identifiers"] == ["tiergate:salesforce:001Tg0000000099IAA"]


async def test_a_contact_entered_on_the_form_of_a_customer_is_read_moved_and_no_customer(
    real_erp: Tryton, server: Server
) -> None:
    server.forget()
    account = (await real_erp.upsert_customer(objects.CUSTOMER, objects.customer())).id
    other = (await real_erp.upsert_customer(LEAD, objects.customer(legal_name="Nordlicht", tax_registrations=[]))).id
    (native,) = server.ask("party.party.create", [{"name": "Ute Harms"}])
    try:
        entered = {"to": native, "type": typed(server, "Contact")}
        server.ask("party.party.write", [int(account)], {"relations": [["create", [entered]]]})
        found = await real_erp.person(str(native))
        assert (found.given, found.family, found.account_id) == ("Ute", "Harms", account)
        assert str(native) in {each.id for each in (await real_erp.customer_people()).items}
        assert str(native) not in {each.id for each in (await real_erp.customers()).items}
        assert str(native) in {each.native_id for each in (await real_erp.person_changes("")).items}
        person = msgspec.structs.replace(found, account_id=other)
        await real_erp.update_person(found.id, PersonUpdate(fields=["account_id"], person=person))
        assert (await real_erp.person(found.id)).account_id == other
        (relation,) = server.ask(f"{RELATION}.search_read", [["from_", "=", native]], 0, 9, None, ["to"])
        assert relation["to"] == int(other)
        long_ago = {"__class__": "date", "year": 2020, "month": 1, "day": 1}
        server.ask(f"{RELATION}.write", [relation["id"]], {"end_date": long_ago})
        assert str(native) not in {each.id for each in (await real_erp.customer_people()).items}
        assert str(native) not in {each.id for each in (await real_erp.customers()).items}
    finally:
        server.ask("party.party.delete", [native])
