"""The org at first: the firm's accounts, its entities as regions, practices, calendars, and those who lead projects."""

from foundation.sandbox import Box, Record
from foundation.sandbox.firm import ACCOUNTS, ENTITIES, deals
from foundation.sandbox.salesforce import rows


def seed(box: Box) -> None:
    """Fill an empty org. Accounts have the ids they have in the CRM: such an org often is the CRM's own."""
    rows.found_org(box)
    for account in ACCOUNTS:
        fields: Record = {"Name": account.name, "CurrencyIsoCode": account.currency, "Tiergate_Key__c": account.key}
        assert _make(box, "Account", fields) == account.id, "the firm's account ids follow the order they are seeded in"
    regions = {
        entity.code: _make(
            box,
            "pse__Region__c",
            {"Name": entity.name, "Legal_Entity__c": entity.code, "CurrencyIsoCode": entity.currency},
        )
        for entity in ENTITIES
    }
    for each in ENTITIES:
        calendar = {"Name": f"{each.country} full time", "Country_Code__c": each.country}
        _make(box, "pse__Work_Calendar__c", calendar | {"CurrencyIsoCode": each.currency})
    led = deals(box.now().date())
    for practice in sorted({deal.practice for deal in led}):
        _make(box, "pse__Practice__c", {"Name": practice, "Practice_Code__c": practice})
    for email, entity in sorted({(deal.project_manager, deal.entity) for deal in led}):
        given, _, family = email.partition("@")[0].partition(".")
        _make(
            box,
            "Contact",
            {
                "FirstName": given.capitalize(),
                "LastName": family.capitalize(),
                "Email": email,
                "pse__Is_Resource__c": True,
                "pse__Is_Resource_Active__c": True,
                "pse__Resource_Role__c": "Project Manager",
                "pse__Region__c": regions[entity],
            },
        )


def _make(box: Box, kind: str, fields: Record) -> str:
    return str(rows.create(box, rows.kind_of(box, kind), fields)["Id"])
