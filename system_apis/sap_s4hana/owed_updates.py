"""What has to be sent so that a debit memo request becomes what it shall be; see `updates`."""

from system_apis.sap_s4hana import owed_wire, wire
from system_apis.sap_s4hana.odata import keyed
from system_apis.sap_s4hana.updates import Change, patched

_PATH = owed_wire.DEBITS


def of_request(found: owed_wire.Debit, draft: owed_wire.DebitDraft) -> list[Change]:
    """A request's head under its version, and its items, matched by their place."""
    number, there = found.number, found.to_item.results
    path = f"{_PATH}/{keyed('A_DebitMemoRequest', DebitMemoRequest=number)}"
    changes = patched(owed_wire.DebitHead, found, draft, path, found.metadata.etag)
    for item, wanted in zip(there, draft.to_item, strict=False):
        changes += _item(number, item, wanted)
    for wanted in draft.to_item[len(there) :]:
        fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
        body = owed_wire.DebitItemLater(request=number, **fields)
        changes.append(Change(method="POST", path=f"{_PATH}/A_DebitMemoRequestItem", body=body))
    for item in there[len(draft.to_item) :]:
        keys = {"DebitMemoRequest": number, "DebitMemoRequestItem": item.number}
        changes.append(Change(method="DELETE", path=f"{_PATH}/{keyed('A_DebitMemoRequestItem', **keys)}"))
    return changes


def _item(number: str, item: owed_wire.DebitItem, wanted: owed_wire.DebitItemDraft) -> list[Change]:
    keys = {"DebitMemoRequest": number, "DebitMemoRequestItem": item.number}
    at = f"{_PATH}/{keyed('A_DebitMemoRequestItem', **keys)}"
    changes = patched(owed_wire.DebitItemHead, item, wanted, at)
    for price, asked in zip(item.to_pricing_element.results, wanted.to_pricing_element, strict=False):
        step = {
            "PricingProcedureStep": price.pricing_procedure_step,
            "PricingProcedureCounter": price.pricing_procedure_counter,
        }
        at = f"{_PATH}/{keyed('A_DebitMemoReqItemPrcgElmnt', **keys, **step)}"
        changes += patched(wire.PriceHead, price, asked, at)
    return changes
