"""What a tenant must have: the entity sets we use, with the fields we map, our own among them."""

from typing import Final

from foundation.checking import Checked
from system_apis.sap_s4hana import (
    contracts_wire,
    orders_wire,
    owed_wire,
    partner_wire,
    people_wire,
    setups_wire,
    time_wire,
    wire,
)


def _fields(of: type[wire.Wire]) -> tuple[str, ...]:
    return tuple(name for name in of.__struct_encode_fields__ if name != "__metadata")


def _both(*of: type[wire.Wire]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for each in of for name in _fields(each)))


CHECKS: Final = (
    Checked(object="A_BusinessPartner", fields=_both(partner_wire.Partner, people_wire.Person)),
    Checked(object="A_BusinessPartnerContact", fields=_fields(people_wire.Relation)),
    Checked(object="A_SalesContract", fields=_fields(contracts_wire.Contract)),
    Checked(object="A_SalesContractItem", fields=_fields(contracts_wire.Item)),
    Checked(object="A_SalesOrder", fields=_both(wire.Order, orders_wire.Order)),
    Checked(object="A_SalesOrderItem", fields=_fields(orders_wire.Sold)),
    Checked(object="A_Product", fields=_fields(orders_wire.Product)),
    Checked(object="A_EnterpriseProject", fields=_both(wire.Project, setups_wire.Project)),
    Checked(object="A_EnterpriseProjectElement", fields=_fields(setups_wire.Element)),
    Checked(object="A_EnterpriseProjBlkFunc", fields=_fields(setups_wire.Block)),
    Checked(object="A_EntProjElmntBlockFunc", fields=_fields(setups_wire.Block)),
    Checked(
        object=setups_wire.TIME,
        fields=(
            *_fields(time_wire.Record),
            *(f"TimeSheetDataFields/{name}" for name in _fields(time_wire.Hours)),
        ),
    ),
    Checked(object="A_DebitMemoRequest", fields=_fields(owed_wire.Debit)),
    Checked(object="A_CreditMemoRequest", fields=_fields(owed_wire.Credit)),
    Checked(object="A_BillingDocument", fields=_fields(owed_wire.Bill)),
    Checked(object="A_OperationalAcctgDocItemCube", fields=_fields(owed_wire.Entry)),
    Checked(object="A_CompanyCode", fields=_fields(wire.CompanyCode)),
)
