"""People of accounts: contacts, each a party of its own."""

from typing import Final

from system_apis.oracle_fusion.sandbox.shapes import ID, STAMPS, Attribute, Resource, one_of, text

CONTACTS: Final = Resource(
    name="contacts",
    entity="ContactPartyEO",
    key="PartyNumber",
    crm=True,
    methods=frozenset({"GET", "POST", "PATCH"}),
    alternate=("SourceSystem", "SourceSystemReferenceValue"),
    finders={"PrimaryKey": ("PartyNumber",)},
    attributes={
        "PartyId": ID,
        "PartyNumber": text(30, once=True),
        "PartyStatus": one_of("A", "I"),
        "FirstName": text(150),
        "LastName": text(150, required=True),
        "EmailAddress": text(320),
        "WorkPhoneNumber": text(40),
        "JobTitle": text(100),
        "AccountPartyNumber": text(30),
        "SourceSystem": text(30, once=True),
        "SourceSystemReferenceValue": text(255, once=True),
        "TgInactive_c": Attribute("boolean"),
        **STAMPS,
    },
)
