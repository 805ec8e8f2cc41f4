"""What SAP refuses of business partners and of contact persons."""

from foundation.sandbox import Box, Record
from system_apis.sap_s4hana.sandbox.errors import refused


def partner(_: Box, record: Record) -> None:
    """A person has a family name, an organization a name."""
    name = {"1": "LastName", "2": "OrganizationBPName1"}.get(record["BusinessPartnerCategory"])
    if name and not record.get(name):
        raise refused(400, "R11/102", f"Enter a value for {name}", target=name)


def contact(box: Box, record: Record) -> None:
    """A contact person is a person, of a partner that is none."""
    for name, person in (("BusinessPartnerPerson", True), ("BusinessPartnerCompany", False)):
        found = box.store.get("A_BusinessPartner", record[name])
        if found is None:
            raise refused(400, "R1/108", f"Business partner {record[name]} does not exist", target=name)
        if (found["BusinessPartnerCategory"] == "1") != person:
            words = f"Business partner {record[name]} cannot have this part in a relationship BUR001"
            raise refused(400, "R1/512", words, target=name)
