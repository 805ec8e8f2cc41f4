"""The org's shapes of a contract as it was signed: its own fields, its lines and its amendments."""

from datetime import date, datetime
from decimal import Decimal

import msgspec
from msgspec import field

from foundation.salesforce.wire import Row
from system_apis.salesforce.wire import Contract


class Agreement(Contract, frozen=True, kw_only=True, rename="pascal"):
    """A contract with what its amendments and its carrying need."""

    legal_entity: str | None = field(name="Legal_Entity__c")
    document_hash: str | None = field(name="Document_Hash__c")
    envelope: str | None = field(name="Signature_Envelope__c")
    governing_law: str | None = field(name="Governing_Law__c")
    master: str | None = field(name="Master_Contract__c")
    evergreen: bool = field(name="Evergreen__c")
    uplift_percent: Decimal | None = field(name="Uplift_Percent__c")
    uplift_from: date | None = field(name="Uplift_From__c")
    not_to_exceed: Decimal | None = field(name="Not_To_Exceed__c")
    order_id: str | None = field(name="ERP_Order_Id__c")


class Amendment(Row, frozen=True, kw_only=True, rename="pascal"):
    """One change of a contract."""

    id: str
    currency_iso_code: str
    system_modstamp: str
    number: Decimal = field(name="Number__c")
    kind: str = field(name="Kind__c")
    status: str = field(name="Status__c")
    based_on: Decimal | None = field(name="Based_On__c")
    effective: date | None = field(name="Effective_Date__c")
    signed_on: date | None = field(name="Signed_On__c")
    document_hash: str | None = field(name="Document_Hash__c")
    envelope: str | None = field(name="Signature_Envelope__c")
    approved_exceptions: str | None = field(name="Approved_Exceptions__c")
    value_change: Decimal | None = field(name="Value_Change__c")
    not_to_exceed_change: Decimal | None = field(name="Not_To_Exceed_Change__c")
    end: date | None = field(name="New_End_Date__c")
    legal_entity: str | None = field(name="New_Legal_Entity__c")


class Line(Row, frozen=True, kw_only=True, rename="pascal"):
    """One line of a contract, or of one of its amendments."""

    name: str | None
    currency_iso_code: str
    system_modstamp: str
    amendment: str | None = field(name="Amendment__c")
    sort_order: Decimal | None = field(name="Sort_Order__c")
    method: str | None = field(name="Billing_Method__c")
    amount: Decimal | None = field(name="Amount__c")
    not_to_exceed: Decimal | None = field(name="Not_To_Exceed__c")
    start: date | None = field(name="Start_Date__c")
    end: date | None = field(name="End_Date__c")


class Contracted(Row, frozen=True, kw_only=True, rename="pascal"):
    """A contract as the poll sees it."""

    id: str
    system_modstamp: datetime

    @property
    def contract_id(self) -> str:
        """The contract itself."""
        return self.id


class Amended(Contracted, frozen=True, kw_only=True, rename="pascal"):
    """An amendment as the poll sees it."""

    contract: str = field(name="Contract__c")

    @property
    def contract_id(self) -> str:
        """Whose amendment it is."""
        return self.contract


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """What is written of a contract: how far it is carried."""

    carried: int | None = field(name="Carried_Amendment__c")
    order_id: str | None = field(name="ERP_Order_Id__c")


class Ending(Mark, frozen=True, kw_only=True):
    """The same of one that was terminated."""

    status: str = field(name="Status")
