"""Contracts as people keep them in a CRM, in our own words: whichever CRM it is, a test says the same.

A word that is none of ours is the CRM's own name of a field, and is passed on as it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar, Literal

import msgspec

from canonical.dates import now
from foundation.sandbox import Box
from system_apis.dataverse import agreements as dataverse_agreements
from system_apis.dataverse import mapping as dataverse_mapping
from system_apis.dataverse.sandbox import org as dataverse
from system_apis.dataverse.sandbox.schema import EXCEPTIONS, TABLES, TERMS
from system_apis.dataverse.sandbox.seed import bind, currency
from system_apis.salesforce import agreements as salesforce_agreements
from system_apis.salesforce import mapping as salesforce_mapping
from system_apis.salesforce.sandbox import org as salesforce

Kind = Literal["contract", "line", "amendment", "amendment_line", "deal"]
Said = Mapping[str, Any]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _word(words: Mapping[Any, str]) -> Callable[[Any], Any]:
    """From our word to the code of which an adapter makes it."""
    codes = {word: code for code, word in words.items()}
    return lambda word: None if word is None else codes[word]


class Field(msgspec.Struct, frozen=True):
    """What a CRM calls one of our words, and how it writes what is said."""

    name: str
    written: Callable[[Any], Any] = _plain
    bound: str = ""
    """Of a look-up: by which name it is written, where another is read."""


class Page(msgspec.Struct, frozen=True):
    """One kind of paper in a CRM."""

    table: str
    fields: Mapping[str, Field]

    def row(self, said: Said) -> dict[str, Any]:
        """As the CRM keeps it."""
        return {self._field(word).name: self._field(word).written(value) for word, value in said.items()}

    def sent(self, said: Said, target: Callable[[str, Any], Any]) -> dict[str, Any]:
        """As it is written by people: a look-up is bound to its target."""
        found = {}
        for word, value in said.items():
            field = self._field(word)
            found[field.bound or field.name] = target(word, value) if field.bound else field.written(value)
        return found

    def _field(self, word: str) -> Field:
        return self.fields.get(word) or Field(word)


class Papers(ABC):
    """What legal operations do in a CRM."""

    PAGES: ClassVar[Mapping[Kind, Page]]

    def __init__(self, box: Box) -> None:
        self.box = box

    def row(self, kind: Kind, record: str) -> dict[str, Any]:
        """A record as the CRM has it."""
        return self.box.store.get(self.PAGES[kind].table, record) or {}

    def typed(self, kind: Kind, record: str, said: Said) -> None:
        """What somebody typed in before any rule of the CRM applied."""
        self.box.store.update(self.PAGES[kind].table, record, self.PAGES[kind].row(said))

    def later(self) -> None:
        """A second passes, which is as fine as a CRM stamps."""
        self.box.store.set_setting("_clock_ahead", self.box.store.setting("_clock_ahead", 0) + 1)

    @abstractmethod
    def contract(self, deal: str) -> str:
        """The contract of a deal."""

    @abstractmethod
    def lines(self, contract: str) -> list[str]:
        """The lines of a contract as it was signed."""

    @abstractmethod
    def amendments(self, contract: str) -> list[str]:
        """All of a contract."""

    @abstractmethod
    def customer(self, contract: str) -> str:
        """Whose it is."""

    @abstractmethod
    def make(self, kind: Kind, said: Said) -> str:
        """A new record."""

    @abstractmethod
    def edit(self, kind: Kind, record: str, said: Said) -> None:
        """Save a record as the CRM lets people, a second later."""

    @abstractmethod
    def sign(self, contract: str) -> None:
        """It is signed today, and in force."""

    @abstractmethod
    def end(self, contract: str) -> None:
        """It is in force no more."""

    @abstractmethod
    def mark(self, contract: str) -> tuple[bool, int | None]:
        """Whether it is ended, and the amendment that was carried last."""


class Salesforce(Papers):
    """The firm's org."""

    PAGES: ClassVar[Mapping[Kind, Page]] = {
        "contract": Page(
            "Contract",
            {
                "account_id": Field("AccountId"),
                "opportunity_id": Field("Opportunity__c"),
                "title": Field("Name"),
                "start": Field("StartDate"),
                "end": Field("EndDate"),
                "value": Field("Contract_Value__c"),
                "currency": Field("CurrencyIsoCode"),
                "billing_method": Field("Contract_Type__c", _word(salesforce_mapping.CONTRACT_TYPES)),
                "payment_terms": Field("Payment_Terms__c"),
                "po_number": Field("PO_Number__c"),
                "governing_law": Field("Governing_Law__c"),
                "document_hash": Field("Document_Hash__c"),
                "envelope": Field("Signature_Envelope__c"),
                "waived": Field("Approved_Exceptions__c", ";".join),
                "legal_entity_id": Field("Legal_Entity__c"),
                "master_id": Field("Master_Contract__c"),
                "auto_renew": Field("Evergreen__c"),
                "uplift_percent": Field("Uplift_Percent__c"),
                "uplift_from": Field("Uplift_From__c"),
                "not_to_exceed": Field("Not_To_Exceed__c"),
            },
        ),
        "amendment": Page(
            "Contract_Amendment__c",
            {
                "contract_id": Field("Contract__c"),
                "number": Field("Number__c"),
                "based_on": Field("Based_On__c"),
                "kind": Field("Kind__c", _word(salesforce_agreements.KINDS)),
                "status": Field("Status__c", _word(salesforce_agreements.STATUSES)),
                "currency": Field("CurrencyIsoCode"),
                "effective": Field("Effective_Date__c"),
                "end": Field("New_End_Date__c"),
                "signed_at": Field("Signed_On__c"),
                "document_hash": Field("Document_Hash__c"),
                "envelope": Field("Signature_Envelope__c"),
                "waived": Field("Approved_Exceptions__c", ";".join),
                "value_change": Field("Value_Change__c"),
                "not_to_exceed_change": Field("Not_To_Exceed_Change__c"),
                "legal_entity_id": Field("New_Legal_Entity__c"),
            },
        ),
        "line": Page(
            "Contract_Line__c",
            _LINE := {
                "contract_id": Field("Contract__c"),
                "amendment_id": Field("Amendment__c"),
                "seq": Field("Sort_Order__c"),
                "description": Field("Name"),
                "amount": Field("Amount__c"),
                "billing_method": Field("Billing_Method__c", _word(salesforce_mapping.CONTRACT_TYPES)),
                "currency": Field("CurrencyIsoCode"),
                "not_to_exceed": Field("Not_To_Exceed__c"),
                "start": Field("Start_Date__c"),
                "end": Field("End_Date__c"),
            },
        ),
        "amendment_line": Page("Contract_Line__c", _LINE),
        "deal": Page("Opportunity", {"po_number": Field("PO_Number__c")}),
    }

    def contract(self, deal: str) -> str:
        return str((self.box.store.get("Opportunity", deal) or {})["ContractId"])

    def lines(self, contract: str) -> list[str]:
        found = self.box.store.find("Contract_Line__c", Contract__c=contract, Amendment__c=None)
        return [each["Id"] for each in sorted(found, key=lambda each: each["Sort_Order__c"])]

    def amendments(self, contract: str) -> list[str]:
        return [each["Id"] for each in self.box.store.find("Contract_Amendment__c", Contract__c=contract)]

    def customer(self, contract: str) -> str:
        return str(self.row("contract", contract)["AccountId"])

    def make(self, kind: Kind, said: Said) -> str:
        page = self.PAGES[kind]
        return str(salesforce.create(self.box, salesforce.kind_of(page.table), page.row(said))["Id"])

    def edit(self, kind: Kind, record: str, said: Said) -> None:
        page = self.PAGES[kind]
        self.later()
        salesforce.update(self.box, salesforce.kind_of(page.table), record, page.row(said))

    def sign(self, contract: str) -> None:
        today = now().date().isoformat()
        self.edit("contract", contract, {"Status": "Activated", "CustomerSignedDate": today})

    def end(self, contract: str) -> None:
        self.edit("contract", contract, {"Status": "Terminated"})

    def mark(self, contract: str) -> tuple[bool, int | None]:
        row = self.row("contract", contract)
        return row["Status"] == "Terminated", row["Carried_Amendment__c"]


_ROWS: Mapping[str, str] = {
    "account_id": "account",
    "opportunity_id": "opportunity",
    "contract_id": "salesorder",
    "master_id": "salesorder",
    "amendment_id": "tg_contractamendment",
}
"""Our word to the table it leads to."""


def _target(word: str, value: Any) -> str | None:
    if value is None:
        return None
    return currency(value) if word == "currency" else bind(_ROWS[word], value)


def _rules(named: list[str]) -> str:
    """As the choices a user ticks."""
    codes = {rule: code for code, rule in EXCEPTIONS.items()}
    return ",".join(str(codes[rule]) for rule in named)


class Dataverse(Papers):
    """The organisation, where a contract is an order."""

    _TERMS: ClassVar = {
        "currency": Field("transactioncurrencyid", bound="transactioncurrencyid@odata.bind"),
        "billing_method": Field("tg_contracttype", _word(dataverse_mapping.CONTRACT_TYPES)),
        "not_to_exceed": Field("tg_nottoexceed"),
        "start": Field("tg_startson"),
        "end": Field("tg_endson"),
        "document_hash": Field("tg_documenthash"),
        "envelope": Field("tg_signatureenvelope"),
        "waived": Field("tg_approvedexceptions", _rules),
    }
    PAGES: ClassVar[Mapping[Kind, Page]] = {
        "contract": Page(
            "salesorder",
            _TERMS
            | {
                "account_id": Field("customerid", bound="customerid_account@odata.bind"),
                "opportunity_id": Field("opportunityid", bound="opportunityid@odata.bind"),
                "master_id": Field("tg_mastercontract", bound="tg_MasterContract@odata.bind"),
                "title": Field("name"),
                "value": Field("totalamount"),
                "payment_terms": Field("paymenttermscode", _word(TERMS)),
                "po_number": Field("tg_ponumber"),
                "governing_law": Field("tg_governinglaw"),
                "legal_entity_id": Field("tg_legalentity"),
                "auto_renew": Field("tg_evergreen"),
                "uplift_percent": Field("tg_upliftpercent"),
                "uplift_from": Field("tg_upliftfrom"),
            },
        ),
        "line": Page(
            "salesorderdetail",
            _TERMS
            | {
                "contract_id": Field("salesorderid", bound="salesorderid@odata.bind"),
                "seq": Field("lineitemnumber"),
                "description": Field("productdescription"),
                "amount": Field("extendedamount"),
            },
        ),
        "amendment": Page(
            "tg_contractamendment",
            _TERMS
            | {
                "contract_id": Field("tg_contract", bound="tg_Contract@odata.bind"),
                "number": Field("tg_number"),
                "based_on": Field("tg_basedon"),
                "kind": Field("tg_kind", _word(dataverse_agreements.KINDS)),
                "status": Field("tg_status", _word(dataverse_agreements.STATUSES)),
                "effective": Field("tg_effectiveon"),
                "end": Field("tg_newendson"),
                "signed_at": Field("tg_signedon"),
                "value_change": Field("tg_valuechange"),
                "not_to_exceed_change": Field("tg_nottoexceedchange"),
                "legal_entity_id": Field("tg_newlegalentity"),
            },
        ),
        "amendment_line": Page(
            "tg_contractamendmentline",
            _TERMS
            | {
                "contract_id": Field("tg_contract", bound="tg_Contract@odata.bind"),
                "amendment_id": Field("tg_amendment", bound="tg_Amendment@odata.bind"),
                "seq": Field("tg_linenumber"),
                "description": Field("tg_name"),
                "amount": Field("tg_amount"),
            },
        ),
        "deal": Page("opportunity", {"po_number": Field("tg_ponumber")}),
    }

    def contract(self, deal: str) -> str:
        (found, *_) = self.box.store.find("salesorder", opportunityid=deal)
        return str(found["salesorderid"])

    def lines(self, contract: str) -> list[str]:
        found = self.box.store.find("salesorderdetail", salesorderid=contract)
        return [each["salesorderdetailid"] for each in sorted(found, key=lambda each: each["lineitemnumber"])]

    def amendments(self, contract: str) -> list[str]:
        found = self.box.store.find("tg_contractamendment", tg_contract=contract)
        return [each["tg_contractamendmentid"] for each in found]

    def customer(self, contract: str) -> str:
        return str(self.row("contract", contract)["customerid"])

    def make(self, kind: Kind, said: Said) -> str:
        page = self.PAGES[kind]
        if kind == "line":  # what it comes to is worked out of a quantity and a price, in the order's currency
            kept = {word: value for word, value in said.items() if word not in ("amount", "currency")}
            said = kept | {"quantity": 1, "priceperunit": said["amount"]}
        table = TABLES[page.table]
        return str(dataverse.create(self.box, table, page.sent(said, _target))[table.key])

    def edit(self, kind: Kind, record: str, said: Said) -> None:
        page = self.PAGES[kind]
        self.later()
        dataverse.update(self.box, TABLES[page.table], record, page.sent(said, _target))

    def sign(self, contract: str) -> None:
        today = now().date().isoformat()
        self.edit("contract", contract, {"statecode": 1, "statuscode": 3, "tg_signedon": today})

    def end(self, contract: str) -> None:
        self.later()
        dataverse.cancel_order(self.box, contract, dataverse_agreements.NO_MONEY)

    def mark(self, contract: str) -> tuple[bool, int | None]:
        row = self.row("contract", contract)
        return row["statecode"] == dataverse_agreements.CANCELLED, row["tg_carriedamendment"]


PAPERS: Mapping[str, Callable[[Box], Papers]] = {"salesforce": Salesforce, "dataverse": Dataverse}
