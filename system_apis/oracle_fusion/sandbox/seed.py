"""A pod as its administrators would have set it up for us, and one customer that is known already: on credit hold."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final

from foundation.sandbox import Box, Record, firm
from system_apis.oracle_fusion.sandbox.schema import RESOURCES
from system_apis.oracle_fusion.sandbox.writing import create

LOOKUP: Final = "TIERGATE_ENTITIES"
APPLICATIONS: Final = {101: "General Ledger", 222: "Receivables"}
MONTHS_CLOSED: Final = 12
MONTHS_OPEN: Final = 12
"""Besides the current one."""
_FIRST: Final = 300000001000000


def seed(box: Box) -> None:
    """Everything."""
    codes = []
    for entity in firm.ENTITIES:
        numbers = {"entity": _FIRST + entity.number, "unit": _FIRST + 100 + entity.number}
        ledger = _FIRST + 200 + entity.number
        unit = {"BusinessUnitId": numbers["unit"], "BusinessUnitName": f"{entity.code} Business Unit"}
        links = {"LegalEntityId": numbers["entity"], "PrimaryLedgerId": ledger, "_entity": entity.name}
        links["_organization"] = organization(entity)
        _put(box, "finBusinessUnitsLOV", unit | links)
        legal = {"LegalEntityId": numbers["entity"], "Name": entity.name, "LegalEntityIdentifier": entity.code}
        _put(box, "legalEntitiesLOV", legal)
        books = {"LedgerId": ledger, "Name": f"{entity.code} Ledger", "CurrencyCode": entity.currency}
        _put(box, "ledgersLOV", books | {"PeriodSetName": "Calendar"})
        _periods(box, ledger)
        codes.append(
            {
                "_id": numbers["entity"],
                "_version": 0,
                "LookupCode": entity.code,
                "Meaning": unit["BusinessUnitName"],
                "Description": f"{entity.country} {entity.time_zone} {organization(entity)}",
                "Tag": ";".join(entity.partners),
                "EnabledFlag": "Y",
                "DisplaySequence": entity.number,
            }
        )
        create(box, RESOURCES["projects"], overhead(entity))
        _items(box, organization(entity))
    lookup = {"LookupType": LOOKUP, "Meaning": "Tiergate: legal entities", "Description": None, "lookupCodes": codes}
    _put(box, "standardLookups", lookup)
    for account in firm.ACCOUNTS:
        if account.credit_hold:
            create(box, RESOURCES["accounts"], held(account))


def organization(entity: firm.LegalEntity) -> str:
    """The organization whose items a legal entity sells."""
    return f"{entity.country}1"


def _items(box: Box, organization: str) -> None:
    """One for each role that is sold, a discount, and a package of three of them."""
    roles = {firm.item_code(role.name): role.name for deal in firm.deals(box.now().date()) for role in deal.roles}
    for code, name in (dict(sorted(roles.items())) | {"DISCOUNT": "Discount", "KICKOFF": "Kick-off package"}).items():
        kind = "discount" if code == "DISCOUNT" else None
        item = {"OrganizationCode": organization, "ItemNumber": code, "ItemDescription": name}
        flags = {"CustomerOrderEnabledFlag": True, "InventoryItemFlag": False, "PickComponentsFlag": code == "KICKOFF"}
        item |= {"ItemStatusValue": "Active", "PrimaryUOMValue": "Hours" if code in roles else "Each"}
        create(box, RESOURCES["itemsV2"], item | flags | {"ItemDFF": [{"tgTax": "S", "tgKind": kind}]})
    parts = [{"ComponentItemNumber": firm.item_code(role), "Quantity": hours} for role, hours in firm.PACKAGE.items()]
    structure = {"ItemNumber": "KICKOFF", "OrganizationCode": organization, "StructureName": "Primary"}
    create(box, RESOURCES["itemStructures"], structure | {"Component": parts})


def _put(box: Box, name: str, record: Record) -> None:
    key = record[RESOURCES[name].key]
    number = key if isinstance(key, int) else box.store.next_number("seeded")
    box.store.insert(name, str(number), {"_id": number, "_version": 0} | record)


def _periods(box: Box, ledger: int) -> None:
    """Monthly periods around today, of each application; the months before this one are closed."""
    today = box.now().date()
    for application in APPLICATIONS:
        first = today.replace(day=1)
        for _ in range(MONTHS_CLOSED):
            first = (first - timedelta(days=1)).replace(day=1)
        for _ in range(MONTHS_CLOSED + 1 + MONTHS_OPEN):
            last = first.replace(day=monthrange(first.year, first.month)[1])
            closed = last < today.replace(day=1)
            _period(box, first, last, f"{first:%b-%y}", ledger, application, closed=closed)
            first = last + timedelta(days=1)
        day = date(today.year, 12, 31)
        _period(box, day, day, f"Adj-{today.year % 100}", ledger, application, closed=True, adjusts=True)


def _period(
    box: Box, first: date, last: date, name: str, ledger: int, application: int, *, closed: bool, adjusts: bool = False
) -> None:
    key = {"PeriodNameId": name, "ApplicationId": application, "LedgerId": ledger}
    days = {"StartDate": first.isoformat(), "EndDate": last.isoformat(), "PeriodYear": first.year}
    status = {
        "ClosingStatus": "C" if closed else "O",
        "PeriodNumber": first.month,
        "AdjustmentPeriodFlag": "Y" if adjusts else "N",
    }
    _put(box, "accountingPeriodStatusLOV", key | days | status)


def overhead(entity: firm.LegalEntity) -> Record:
    """The project that takes a legal entity's cost of no other."""
    return {
        "ProjectNumber": f"TG-{entity.code}",
        "ProjectName": f"Overhead {entity.code}",
        "SourceTemplateNumber": "TIERGATE",
        "BusinessUnitName": f"{entity.code} Business Unit",
        "OwningOrganizationName": f"{entity.code} Business Unit",
        "ProjectCurrencyCode": entity.currency,
    }


def held(account: firm.Account) -> Record:
    """A customer the ERP knows, under our key, and gives no more credit."""
    entity = next(each for each in firm.ENTITIES if each.currency == account.currency)
    tax = account.tax
    own = {"TgTaxCountry_c": tax.country, "TgTaxScheme_c": tax.scheme, "TgTaxNumber_c": tax.number} if tax else {}
    address = {
        "AddressLine1": account.street,
        "City": account.city,
        "State": account.subdivision,
        "PostalCode": account.postal,
        "Country": account.country,
    }
    return own | {
        "OrganizationName": account.legal_name,
        "Type": "ZCA_CUSTOMER",
        "CurrencyCode": account.currency,
        "SourceSystem": "TIERGATE",
        "SourceSystemReferenceValue": account.key,
        "TgLegalEntity_c": entity.code,
        "TgPaymentTerms_c": account.terms,
        "TgCreditHold_c": True,
        "PrimaryAddress": [address],
    }
