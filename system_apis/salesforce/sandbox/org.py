"""What this org does by itself: stages, totals, duplicate rules, and the firm's flow on a won deal."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from foundation.sandbox import CALL, Box, Record, Refused, Target, answer, encode
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.org import Computed, Deleted, Deleting, Saved
from foundation.sandbox.salesforce.rows import create, delete, stamp, update
from foundation.sandbox.salesforce.schema import Kind
from system_apis.salesforce.sandbox import orders
from system_apis.salesforce.sandbox.schema import KINDS, STAGES

__all__ = [
    "COMPUTED",
    "DELETED",
    "DELETING",
    "SAVED",
    "convert",
    "create",
    "delete",
    "kind_of",
    "merge",
    "merge_people",
    "stamp",
    "update",
]


def kind_of(name: str) -> Kind:
    """An sObject of this org by name, in any case."""
    return KINDS[name.lower()]


def merge(box: Box, master: str, loser: str) -> None:
    """What the merge of two accounts leaves: the loser deleted and naming its master, its deals and people moved."""
    at = stamp(box.now())
    box.store.update("Account", loser, {"IsDeleted": True, "MasterRecordId": master, "SystemModstamp": at})
    box.store.update("Account", master, {"SystemModstamp": at, "LastModifiedDate": at})
    for kind in ("Contact", "Opportunity", "Contract", "Order"):
        for moved in box.store.find(kind, AccountId=loser):
            box.store.update(kind, moved["Id"], {"AccountId": master, "SystemModstamp": at})


def merge_people(box: Box, master: str, loser: str, kind: str = "Contact") -> None:
    """What the merge of two contacts, or leads, leaves: the loser deleted and naming its master, which was saved."""
    at = stamp(box.now())
    box.store.update(kind, loser, {"IsDeleted": True, "MasterRecordId": master, "SystemModstamp": at})
    box.store.update(kind, master, {"SystemModstamp": at, "LastModifiedDate": at})


def convert(box: Box, lead: str, account: str, opportunity: str = "") -> Record:
    """Somebody converts a lead to an account, and a deal, that are there; its person is made."""
    known = box.store.get("Lead", lead)
    assert known is not None, "there is no such lead"
    named = {"FirstName": known["FirstName"], "LastName": known["LastName"], "Email": known["Email"]}
    person = create(box, kind_of("Contact"), {**named, "AccountId": account})["Id"]
    became = {
        "ConvertedAccountId": account,
        "ConvertedContactId": person,
        "ConvertedOpportunityId": opportunity or None,
    }
    at = stamp(box.now())
    after = box.store.update("Lead", lead, {"IsConverted": True, **became, "SystemModstamp": at})
    _notify(box, "Lead", after, {})
    return after


def _account(box: Box, record: Record, before: Record) -> Record:
    if not before and box.option("duplicate_rule") and not _may_save():
        twins = [each for each in box.store.find("Account", Name=record["Name"]) if not each["IsDeleted"]]
        if twins:
            raise _alike(box, twins[0])
    return {}


def _may_save() -> bool:
    """The rule is an alert: who has seen it may say so, and save."""
    call = CALL.get(None)
    said = call.headers.get("sforce-duplicate-rule-header", "") if call else ""
    return "allowsave=true" in said.lower().replace(" ", "")


def _alike(box: Box, twin: Record) -> Refused:
    record = {"attributes": {"type": "Account", "url": f"/services/data/v62.0/sobjects/Account/{twin['Id']}"}}
    match = {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}
    record["Id"] = twin["Id"]
    result = {
        "allowSave": True,
        "duplicateRule": "Standard_Account_Duplicate_Rule",
        "duplicateRuleEntityType": "Account",
        "errorMessage": "Use one of these records?",
        "matchResults": [
            {
                "entityType": "Account",
                "errors": [],
                "matchEngine": "FuzzyMatchEngine",
                "matchRecords": [match],
                "rule": "Standard_Account_Match_Rule_v1_0",
                "size": 1,
                "success": True,
            }
        ],
    }
    # Live orgs leave out the l; newer documents do not.
    key = "duplicateResut" if box.option("misspelt_duplicate_result") else "duplicateResult"
    return Refused(
        answer(400, [{key: result, "errorCode": "DUPLICATES_DETECTED", "message": "Use one of these records?"}])
    )


def _contact(box: Box, record: Record, __: Record) -> Record:
    made: Record = {"Name": " ".join(filter(None, (record.get("FirstName"), record["LastName"])))}
    if record.get("Email") and box.option("lower_case_mail"):
        made["Email"] = record["Email"].lower()
    return made


def _quote(box: Box, record: Record, before: Record) -> Record:
    if before:
        _thawed(record, before)
        return {}
    return {"QuoteNumber": f"{box.store.next_number('QuoteNumber'):08}", "GrandTotal": Decimal(0)}


def _thawed(record: Record, before: Record) -> None:
    """The firm's validation rule: of a frozen quote only the mark moves."""
    if not before.get("Frozen__c"):
        return
    changed = {name for name, value in record.items() if value != before.get(name)}
    if odd := sorted(changed - {*_MARK, "SystemModstamp", "LastModifiedDate", "LastModifiedById"}):
        raise _frozen(odd)


def _frozen(fields: list[str]) -> Refused:
    return refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "A frozen quote is not edited.", fields)


def _line(box: Box, record: Record, __: Record) -> Record:
    if (box.store.get("Quote", record["QuoteId"]) or {}).get("Frozen__c"):
        raise _frozen([])
    return {"TotalPrice": Decimal(record["Quantity"]) * Decimal(record["UnitPrice"])}


def _deal_line(_: Box, record: Record, __: Record) -> Record:
    kept = 1 - Decimal(record["Discount"] or 0) / 100
    return {"TotalPrice": Decimal(record["Quantity"]) * Decimal(record["UnitPrice"]) * kept}


def _deal(box: Box, record: Record, before: Record) -> Record:
    return _summed(box, record) | _staged(box, record, before)


def _summed(box: Box, deal: Record) -> Record:
    """The amount of a deal with lines is their sum, whatever was written."""
    lines = box.store.find("OpportunityLineItem", OpportunityId=deal["Id"], IsDeleted=False)
    return {"Amount": sum((Decimal(each["TotalPrice"]) for each in lines), Decimal("0.00"))} if lines else {}


def _staged(box: Box, record: Record, before: Record) -> Record:
    stage = record["StageName"]
    if stage == before.get("StageName"):
        return {}
    probability, closed, won = STAGES[stage]
    changes: Record = {
        "Probability": probability,
        "IsClosed": closed,
        "IsWon": won,
        "LastStageChangeDate": stamp(box.now()),
    }
    if won:  # the firm's flow counts how often a deal is won
        changes["Won_Generation__c"] = int(record.get("Won_Generation__c") or 0) + 1
    return changes


def _activated(box: Box, record: Record, before: Record) -> Record:
    changes: Record = {}
    if not before:
        changes["ContractNumber"] = f"{box.store.next_number('ContractNumber') + 100:08}"
        if record["Status"] != "Draft":
            raise refused(400, "FIELD_INTEGRITY_EXCEPTION", "Status: a contract is created as Draft", ["Status"])
    elif record["Status"] == "Activated" and before["Status"] != "Activated":
        changes["ActivatedDate"] = stamp(box.now())
    if before.get("Status") in _AGREED:
        _only(record, before, _OPEN_OF_CONTRACT, "A contract that is activated is amended, not edited.")
    return changes


def _amended(_: Box, record: Record, before: Record) -> Record:
    if before.get("Status__c") == "Agreed":
        _only(record, before, _OPEN_OF_AMENDMENT, "An amendment that is agreed is not edited.")
    return {}


def _contract_line(box: Box, record: Record, __: Record) -> Record:
    of = box.store.get("Contract_Amendment__c", record["Amendment__c"]) if record.get("Amendment__c") else None
    contract = box.store.get("Contract", record["Contract__c"]) or {}
    if (of or {}).get("Status__c") == "Agreed" or (of is None and contract.get("Status") in _AGREED):
        raise refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Lines of what is agreed are not edited.", [])
    return {}


def _only(record: Record, before: Record, may: tuple[str, ...], words: str) -> None:
    """The firm's validation rule: of what was agreed only these fields move. A signature may still be filled in."""
    changed = {name for name, value in record.items() if value != before.get(name)}
    filled = {name for name in _SIGNATURE if before.get(name) in (None, "")}
    if odd := sorted(changed - {*may, *filled, "SystemModstamp", "LastModifiedDate", "LastModifiedById"}):
        raise refused(400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", words, odd)


def _rolled_up(box: Box, _: Record, after: Record) -> None:
    """A line that is saved, or deleted, saves its deal too."""
    update(box, kind_of("Opportunity"), after["OpportunityId"], {})


def _totalled(box: Box, _: Record, after: Record) -> None:
    lines = box.store.find("QuoteLineItem", QuoteId=after["QuoteId"], IsDeleted=False)
    total = sum((Decimal(each["TotalPrice"]) for each in lines), Decimal(0))
    box.store.update("Quote", after["QuoteId"], {"GrandTotal": total})


def _flow(box: Box, before: Record, after: Record) -> None:
    """The firm's flow: every save of a won deal, and of one that was won, is told to the registered address."""
    if after["IsWon"] or before.get("IsWon"):
        won = {"isWon": after["IsWon"], "wonGeneration": after["Won_Generation__c"]}
        _notify(box, "Opportunity", after, won)


def _person_flow(box: Box, _: Record, after: Record) -> None:
    """The firm's flow: every save of a person is told, and not who it is."""
    _notify(box, "Contact", after, {})


def _agreed_flow(box: Box, before: Record, after: Record) -> None:
    """The firm's flow: an amendment that is agreed is told as a change of its contract, at the amendment's stamp."""
    if after["Status__c"] == "Agreed":
        told = {"Id": after["Contract__c"], "SystemModstamp": after["SystemModstamp"]}
        _notify(box, "Contract", told, {})


def _notify(box: Box, kind: str, record: Record, more: Record) -> None:
    registered = box.option("notifications")
    if not registered:
        return
    number = box.store.next_number("_message")
    body = {
        "type": f"{kind.lower()}.changed",
        "timestamp": box.now().isoformat(),
        "data": {
            "object": kind,
            "id": record["Id"],
            "systemModstamp": record["SystemModstamp"],
            **more,
        },
    }
    # Not the number alone: it begins anew when the sandbox is emptied, and an id must not come twice.
    message_id = f"msg_{record['Id']}_{int(box.now().timestamp() * 1000)}_{number}"
    target = Target(url=registered["url"], secret=registered["secret"])
    box.deliveries.queue(target, message_id, record["Id"], encode(body))


_AGREED: Final = ("Activated", "Terminated", "Expired")
_SIGNATURE: Final = ("CustomerSignedDate", "Document_Hash__c", "Signature_Envelope__c", "Governing_Law__c")
_CARRIED: Final = ("Carried_Amendment__c", "ERP_Order_Id__c")
_OPEN_OF_CONTRACT: Final = ("Status", "ActivatedDate", "OwnerId", "AccountId", "Approved_Exceptions__c", *_CARRIED)
_OPEN_OF_AMENDMENT: Final = ("Status__c", "Approved_Exceptions__c")
_MARK: Final = ("Status", "Frozen__c", "ERP_Order_Number__c", "ERP_Order_Id__c")
COMPUTED: Final[Mapping[str, Computed]] = {
    "Account": _account,
    "Contact": _contact,
    "Opportunity": _deal,
    "OpportunityLineItem": _deal_line,
    "Quote": _quote,
    "QuoteLineItem": _line,
    "Order": orders.order,
    "OrderItem": orders.line,
    "Contract": _activated,
    "Contract_Amendment__c": _amended,
    "Contract_Line__c": _contract_line,
}
SAVED: Final[Mapping[str, Saved]] = {
    "QuoteLineItem": _totalled,
    "OpportunityLineItem": _rolled_up,
    "OrderItem": orders.summed,
    "Opportunity": _flow,
    "Contact": _person_flow,
    "Contract_Amendment__c": _agreed_flow,
}
DELETING: Final[Mapping[str, Deleting]] = {"OrderItem": orders.deleting_line}
DELETED: Final[Mapping[str, Deleted]] = {
    "QuoteLineItem": lambda box, line: _totalled(box, {}, line),
    "OpportunityLineItem": lambda box, line: _rolled_up(box, {}, line),
    "OrderItem": lambda box, line: orders.summed(box, {}, line),
}
