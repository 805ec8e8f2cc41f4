"""NetSuite's shapes for what customers owe and pay: invoices, credit memos, payments. As in `wire`."""

from datetime import date, datetime
from decimal import Decimal

from system_apis.netsuite.wire import Ref, Wire


class Line(Wire, frozen=True, kw_only=True):
    """One line of an invoice or a credit memo."""

    item: Ref = Ref()
    quantity: Decimal | None = None
    rate: Decimal | None = None
    amount: Decimal | None = None
    description: str = ""
    custcol_tg_kind: str = ""
    custcol_tg_unit: str = ""
    custcol_tg_refs: str = ""


class Lines(Wire, frozen=True, kw_only=True):
    """All of them."""

    items: list[Line] = []


class Applied(Wire, frozen=True, kw_only=True):
    """What of a payment or credit goes to one invoice. Invoices it could go to stand there too, not applied."""

    doc: Ref = Ref()
    apply: bool = False
    amount: Decimal | None = None
    disc: Decimal | None = None


class Applies(Wire, frozen=True, kw_only=True):
    """All of them."""

    items: list[Applied] = []


class Transaction(Wire, frozen=True, kw_only=True):
    """What invoices and credit memos have in common."""

    id: str
    external_id: str = ""
    tran_id: str = ""
    entity: Ref = Ref()
    subsidiary: Ref = Ref()
    currency: Ref = Ref()
    tran_date: date | None = None
    memo: str = ""
    job: Ref = Ref()
    subtotal: Decimal = Decimal(0)
    tax_total: Decimal = Decimal(0)
    total: Decimal = Decimal(0)
    amount_remaining: Decimal = Decimal(0)
    item: Lines = Lines()
    last_modified_date: datetime | None = None
    custbody_tg_contract: str = ""


class Invoice(Transaction, frozen=True, kw_only=True):
    """An invoice. Pending approval it is not posted."""

    due_date: date | None = None
    other_ref_num: str = ""
    approval_status: Ref = Ref()


class CreditMemo(Transaction, frozen=True, kw_only=True):
    """A credit memo."""

    custbody_tg_corrects: str = ""


class TransactionDraft(Wire, frozen=True, kw_only=True):
    """What we write of either."""

    entity: Ref
    subsidiary: Ref
    currency: Ref
    tran_date: date
    memo: str | None
    item: Lines
    custbody_tg_contract: str | None
    job: Ref | None = None


class InvoiceDraft(TransactionDraft, frozen=True, kw_only=True):
    """What we write of an invoice."""

    due_date: date | None
    other_ref_num: str | None
    approval_status: Ref


class CreditMemoDraft(TransactionDraft, frozen=True, kw_only=True):
    """What we write of a credit memo."""

    custbody_tg_corrects: str
    apply: Applies


class Approval(Wire, frozen=True, kw_only=True):
    """That an invoice is approved, which posts it."""

    approval_status: Ref


class Payment(Wire, frozen=True, kw_only=True):
    """A customer's payment."""

    id: str
    external_id: str = ""
    tran_id: str = ""
    customer: Ref = Ref()
    subsidiary: Ref = Ref()
    currency: Ref = Ref()
    tran_date: date | None = None
    payment: Decimal = Decimal(0)
    unapplied: Decimal = Decimal(0)
    check_num: str = ""
    payment_method: Ref = Ref()
    apply: Applies = Applies()
    last_modified_date: datetime | None = None
