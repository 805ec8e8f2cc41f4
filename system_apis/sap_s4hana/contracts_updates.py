"""What has to be sent so that a contract there becomes the one that shall be. As `updates` does it."""

from collections.abc import Collection

from msgspec.structs import replace

from canonical.faults import Conflict
from system_apis.sap_s4hana import contracts_mapping as mapping
from system_apis.sap_s4hana import contracts_wire as there
from system_apis.sap_s4hana import wire
from system_apis.sap_s4hana.codes import PRICE, REJECTED
from system_apis.sap_s4hana.mapping import plan_block
from system_apis.sap_s4hana.odata import SYSTEM, as_sent, keyed
from system_apis.sap_s4hana.updates import Change, patched


def of_contract(found: there.Contract, draft: there.ContractDraft) -> list[Change]:
    """The head of a contract of one item, the item and its price."""
    changes = patched(there.ContractHead, found, draft, _at(found), found.metadata.etag)
    for row, wanted in zip(mapping.items(found), draft.to_item, strict=False):
        changes += patched(there.ItemHead, row, wanted, _item_at(found, row))
        changes += _price(found, row, wanted.to_pricing_element[0])
    return changes


def of_terms(found: there.Contract, draft: there.TermsDraft, called: Collection[str]) -> list[Change]:
    """A contract's head and its lines, matched by their references; lines that are missing stand behind all others.

    `called`: numbers of the items that orders were called off from, which nobody changes any more: `Conflict`.
    """
    blocked = bool(draft.header_billing_block_reason)
    head = replace(draft, header_billing_block_reason=plan_block(found.header_billing_block_reason, ordered=blocked))
    changes = patched(there.TermsHead, found, head, _at(found), found.metadata.etag)
    rows = mapping.items(found)
    ours, bare = {row.tg_ref_sdi: row for row in rows if row.tg_ref_sdi}, [row for row in rows if not row.tg_ref_sdi]
    wanted = {line.tg_ref_sdi: line for line in draft.to_item}
    if not ours and not any(row.sales_contract_item in called for row in bare):
        # It was written as the whole value: that item becomes the first line, so that it is never a line beside them.
        changes += [Change(method="DELETE", path=_item_at(found, row)) for row in bare[1:]]
        ours, bare = dict(zip(wanted, bare[:1], strict=False)), []
    elif not any(ref.startswith("0.") for ref in ours):
        wanted = {ref: line for ref, line in wanted.items() if not ref.startswith("0.")}  # they stand as they were sold
    if draft.to_item[0].sales_document_rjcn_reason:
        changes += [_rejected(found, row) for row in bare if not row.sales_document_rjcn_reason]
    made: list[Change] = []
    for ref, line in wanted.items():
        row = ours.pop(ref, None)
        if row is None:
            made.append(Change(method="POST", path=f"{_at(found)}/to_Item", body=line))
            continue
        if not _alike(row, line):
            _open(found, row, called)
        changes += patched(there.LineHead, row, line, _item_at(found, row))
        changes += _price(found, row, line.to_pricing_element[0])
    for row in ours.values():
        if not mapping.gone(row):
            changes += _taken_back(found, _open(found, row, called), draft.transaction_currency)
    return changes + made


def _taken_back(found: there.Contract, row: there.Item, currency: str) -> list[Change]:
    """It comes to nothing, and is rejected: that it was agreed once can still be read."""
    nothing = wire.PriceDraft(condition_rate_value=mapping.NOTHING, condition_currency=currency, condition_type=PRICE)
    rejected = [] if row.sales_document_rjcn_reason else [_rejected(found, row)]
    return _price(found, row, nothing) + rejected


def _rejected(found: there.Contract, row: there.Item) -> Change:
    body = there.Rejection(sales_document_rjcn_reason=REJECTED)
    return Change(method="PATCH", path=_item_at(found, row), body=body)


def _open(found: there.Contract, row: there.Item, called: Collection[str]) -> there.Item:
    if row.sales_contract_item in called:
        detail = f"line {row.tg_ref_sdi or row.sales_contract_item} of contract {found.sales_contract} is billed by an"
        raise Conflict(f"{detail} order: amend it, or credit it", system=SYSTEM)
    return row


def _alike(row: there.Item, line: there.LineDraft) -> bool:
    """Whether a line says what was agreed. Its text, and that the whole contract is over, change nothing of that."""
    worth = line.to_pricing_element[0].condition_rate_value
    kept = mapping.amount(row), as_sent(row.tg_from_sdi), as_sent(row.tg_to_sdi), row.tg_method_sdi
    asked = worth, line.tg_from_sdi, line.tg_to_sdi, line.tg_method_sdi
    return kept == asked and (row.tg_nte_sdi or mapping.NOTHING) == line.tg_nte_sdi


def _price(found: there.Contract, row: there.Item, asked: wire.PriceDraft) -> list[Change]:
    price = mapping.price_of(row)
    if price is None:
        return [Change(method="POST", path=f"{_item_at(found, row)}/to_PricingElement", body=asked)]
    keys = {
        "SalesContract": found.sales_contract,
        "SalesContractItem": row.sales_contract_item,
        "PricingProcedureStep": price.pricing_procedure_step,
        "PricingProcedureCounter": price.pricing_procedure_counter,
    }
    return patched(wire.PriceHead, price, asked, f"{wire.CONTRACTS}/{keyed('A_SalesContractItemPrcgElmnt', **keys)}")


def _at(found: there.Contract) -> str:
    return f"{wire.CONTRACTS}/{keyed('A_SalesContract', SalesContract=found.sales_contract)}"


def _item_at(found: there.Contract, row: there.Item) -> str:
    keys = {"SalesContract": found.sales_contract, "SalesContractItem": row.sales_contract_item}
    return f"{wire.CONTRACTS}/{keyed('A_SalesContractItem', **keys)}"
