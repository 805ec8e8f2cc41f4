"""What has to change so that what is there becomes what shall be: record by record, since there is no deep update.

Each is a partial `PATCH`, a `POST` of a child that is missing, or a `DELETE` of one that is too many. What is alike
already is not sent: an update repeated changes nothing. The head carries the version it was read at.
"""

from typing import Any, TypeVar

import msgspec

from canonical.objects import ProjectStage
from system_apis.sap_s4hana import partner_wire, wire
from system_apis.sap_s4hana.codes import KEY_TYPE, RELEASED, STAGES
from system_apis.sap_s4hana.odata import as_sent, by_guid, keyed, literal, query

H = TypeVar("H", bound=wire.Wire)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One request; several to one service are sent as one change set, which has no order."""

    method: str
    path: str
    body: wire.Wire | None = None
    etag: str = ""
    """The version it must still have; empty where the service keeps none for it."""
    returns: Any = None
    """The shape of an answer that is read, of an action, which is called alone: a lost half of it is no success."""


def of_partner(found: partner_wire.Partner, draft: partner_wire.PartnerDraft) -> list[Change]:
    """A customer's name, address, e-mail address, tax numbers, and that it is a customer of this company."""
    partner = found.business_partner
    path = f"{wire.PARTNERS}/{keyed('A_BusinessPartner', BusinessPartner=partner)}"
    changes = patched(partner_wire.PartnerHead, found, draft, path, found.metadata.etag)
    for address in draft.to_business_partner_address:
        changes += _address(found, address, path)
    changes += _taxes(found, draft)
    if found.to_customer:
        changes += _places(found.to_customer, draft.to_customer)
    return changes


def of_key(found: partner_wire.Partner, key: str) -> list[Change]:
    """Known under this key alone: it is added before the old ones go, so that it is found by one at any time."""
    ours = [each for each in found.to_bu_pa_identification.results if each.bp_identification_type == KEY_TYPE]
    body = partner_wire.IdentificationDraft(bp_identification_type=KEY_TYPE, bp_identification_number=key)
    path = f"{wire.PARTNERS}/{keyed('A_BusinessPartner', BusinessPartner=found.business_partner)}"
    known = any(each.bp_identification_number == key for each in ours)
    changes = [] if known else [Change(method="POST", path=f"{path}/to_BuPaIdentification", body=body)]
    for each in ours:
        if each.bp_identification_number != key:
            keys = {"BusinessPartner": found.business_partner, "BPIdentificationType": KEY_TYPE}
            keys["BPIdentificationNumber"] = each.bp_identification_number
            changes.append(Change(method="DELETE", path=f"{wire.PARTNERS}/{keyed('A_BuPaIdentification', **keys)}"))
    return changes


def of_block(found: partner_wire.Partner, *, closed: bool) -> list[Change]:
    """Only its central block."""
    path = f"{wire.PARTNERS}/{keyed('A_BusinessPartner', BusinessPartner=found.business_partner)}"
    block = partner_wire.PartnerBlock(business_partner_is_blocked=closed)
    return patched(partner_wire.PartnerBlock, found, block, path, found.metadata.etag)


def of_project(found: wire.Project, draft: wire.ProjectDraft, stage: ProjectStage) -> list[Change]:
    """A project's head, then how far it is."""
    path = f"{wire.PROJECTS}/{by_guid('A_EnterpriseProject', found.project_uuid)}"
    return _moved(patched(wire.ProjectHead, found, draft, path, found.metadata.etag), found, stage)


def of_stage(found: wire.Project, stage: ProjectStage) -> list[Change]:
    """Only how far it is: our word first, which counts once the status is one it belongs to."""
    word = wire.ProjectStage(tg_stage_pph=stage)
    path = f"{wire.PROJECTS}/{by_guid('A_EnterpriseProject', found.project_uuid)}"
    return _moved(patched(wire.ProjectStage, found, word, path, found.metadata.etag), found, stage)


def of_status(project_id: str, stage: ProjectStage, etag: str = "*") -> Change:
    """The action that moves a project; `*` where its version is one of our own making."""
    said = {"ProjectUUID": f"guid'{project_id}'", "ProcessingStatus": literal(STAGES[stage])}
    path = f"{wire.PROJECTS}/ChangeEntProjProcgStatus{query(said)}"
    return Change(method="POST", path=path, body=wire.Wire(), etag=etag, returns=wire.One[wire.Made])


def of_release(element_id: str, etag: str) -> Change:
    """The action that releases an element."""
    said = {"ProjectElementUUID": f"guid'{element_id}'", "ProcessingStatus": literal(RELEASED)}
    path = f"{wire.PROJECTS}/ChangeEntProjElmntProcgStatus{query(said)}"
    return Change(method="POST", path=path, body=wire.Wire(), etag=etag or "*", returns=wire.One[wire.Made])


def _moved(changes: list[Change], found: wire.Project, stage: ProjectStage) -> list[Change]:
    if STAGES[stage] == found.processing_status:
        return changes
    return [*changes, of_status(found.project_uuid, stage, "*" if changes else found.metadata.etag)]


def of_order(found: wire.Order, draft: wire.OrderDraft) -> list[Change]:
    """An order's head and its items, matched by their place."""
    number = found.sales_order
    path = f"{wire.ORDERS}/{keyed('A_SalesOrder', SalesOrder=number)}"
    changes = patched(wire.OrderHead, found, draft, path, found.metadata.etag)
    there = found.to_item.results
    for item, wanted in zip(there, draft.to_item, strict=False):
        changes += _item(number, item, wanted)
    for wanted in draft.to_item[len(there) :]:
        fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        body = wire.OrderItemLater(sales_order=number, **fields)
        changes.append(Change(method="POST", path=f"{wire.ORDERS}/A_SalesOrderItem", body=body))
    for item in there[len(draft.to_item) :]:
        keys = {"SalesOrder": number, "SalesOrderItem": item.sales_order_item}
        changes.append(Change(method="DELETE", path=f"{wire.ORDERS}/{keyed('A_SalesOrderItem', **keys)}"))
    return changes


def _item(number: str, item: wire.OrderItem, wanted: wire.OrderItemDraft) -> list[Change]:
    keys = {"SalesOrder": number, "SalesOrderItem": item.sales_order_item}
    changes = patched(wire.OrderItemHead, item, wanted, f"{wire.ORDERS}/{keyed('A_SalesOrderItem', **keys)}")
    for plan, asked in zip(item.to_billing_plan.results, wanted.to_billing_plan, strict=False):
        for dated, asked_date in zip(plan.to_billing_plan_item.results, asked.to_billing_plan_item, strict=False):
            place = {"BillingPlan": plan.billing_plan, "BillingPlanItem": dated.billing_plan_item}
            at = f"{wire.ORDERS}/{keyed('A_SlsOrderItemBillingPlanItem', **keys, **place)}"
            changes += patched(wire.PlanItemHead, dated, asked_date, at)
    return changes


def _address(found: partner_wire.Partner, wanted: partner_wire.AddressDraft, path: str) -> list[Change]:
    """The first address is the one that is ours; what SAP added stays."""
    there = next(iter(found.to_business_partner_address.results), None)
    if there is None:
        return [Change(method="POST", path=f"{path}/to_BusinessPartnerAddress", body=wanted)]
    keys = {"BusinessPartner": found.business_partner, "AddressID": there.address_id}
    at = f"{wire.PARTNERS}/{keyed('A_BusinessPartnerAddress', **keys)}"
    changes = patched(partner_wire.AddressHead, there, wanted, at)
    mail = next(iter(there.to_email_address.results), None)
    for asked in wanted.to_email_address:
        if mail is None:
            changes.append(Change(method="POST", path=f"{at}/to_EmailAddress", body=asked))
            continue
        place = {"AddressID": mail.address_id, "Person": mail.person, "OrdinalNumber": mail.ordinal_number}
        changes += patched(
            partner_wire.EmailHead, mail, asked, f"{wire.PARTNERS}/{keyed('A_AddressEmailAddress', **place)}"
        )
    return changes


def _taxes(found: partner_wire.Partner, draft: partner_wire.PartnerDraft) -> list[Change]:
    """Tax numbers, one of each category."""
    there = {each.bp_tax_type: each for each in found.to_business_partner_tax.results}
    wanted = {each.bp_tax_type: each for each in draft.to_business_partner_tax}
    partner = f"{wire.PARTNERS}/{keyed('A_BusinessPartner', BusinessPartner=found.business_partner)}"
    changes = []
    for kind, known in there.items():
        keys = {"BusinessPartner": found.business_partner, "BPTaxType": kind}
        at = f"{wire.PARTNERS}/{keyed('A_BusinessPartnerTaxNumber', **keys)}"
        if kind not in wanted:
            changes.append(Change(method="DELETE", path=at))
        else:
            changes += patched(partner_wire.TaxHead, known, wanted[kind], at)
    new = [each for kind, each in wanted.items() if kind not in there]
    return changes + [Change(method="POST", path=f"{partner}/to_BusinessPartnerTax", body=each) for each in new]


def _places(found: partner_wire.Customer, wanted: partner_wire.CustomerDraft) -> list[Change]:
    """The company code and the sales area, which a customer of another of our companies lacks."""
    changes = []
    known = {each.company_code for each in found.to_customer_company.results}
    for company in wanted.to_customer_company:
        if company.company_code not in known:
            body = partner_wire.CompanyDraft(customer=found.customer, **_fields(company))
            changes.append(Change(method="POST", path=f"{wire.PARTNERS}/A_CustomerCompany", body=body))
    areas = {each.sales_organization: each for each in found.to_customer_sales_area.results}
    for area in wanted.to_customer_sales_area:
        there = areas.get(area.sales_organization)
        if there is None:
            later = partner_wire.SalesAreaDraft(customer=found.customer, **_fields(area))
            changes.append(Change(method="POST", path=f"{wire.PARTNERS}/A_CustomerSalesArea", body=later))
            continue
        keys = {
            "Customer": found.customer,
            "SalesOrganization": there.sales_organization,
            "DistributionChannel": there.distribution_channel,
            "Division": there.division,
        }
        changes += patched(
            partner_wire.SalesAreaHead, there, area, f"{wire.PARTNERS}/{keyed('A_CustomerSalesArea', **keys)}"
        )
    return changes


def patched(kind: type[H], found: wire.Wire, wanted: wire.Wire, path: str, etag: str = "") -> list[Change]:
    """One PATCH of these fields, or nothing when they are alike."""
    asked = kind(**{name: getattr(wanted, name) for name in kind.__struct_fields__})
    if kind(**{name: as_sent(getattr(found, name)) for name in kind.__struct_fields__}) == asked:
        return []
    return [Change(method="PATCH", path=path, body=asked, etag=etag)]


def named(draft: wire.Wire, found: wire.Wire, path: str, etag: str = "") -> list[Change]:
    """One PATCH of the fields a draft names that are not so yet, or nothing."""
    said = {name: getattr(draft, name) for name in draft.__struct_fields__}
    odd = {
        name: value
        for name, value in said.items()
        if value is not msgspec.UNSET and value != as_sent(getattr(found, name))
    }
    return [Change(method="PATCH", path=path, body=type(draft)(**odd), etag=etag)] if odd else []


def _fields(of: wire.Wire) -> dict[str, str]:
    return {name: getattr(of, name) for name in of.__struct_fields__}
