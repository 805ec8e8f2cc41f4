"""What customers owe and paid: receivables invoices, and standard receipts with what was applied.

An invoice is made as a draft, complete with its lines; afterwards nothing of it changes but its status. A draft that
shall be otherwise is deleted and made again, in one batch.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from canonical.faults import Conflict, FieldError, Invalid, NotFound
from canonical.objects import Invoice, Payment
from canonical.ports import Page
from canonical.ports.operation import Written
from system_apis.oracle_fusion import listing
from system_apis.oracle_fusion import receivables_mapping as mapping
from system_apis.oracle_fusion import receivables_wire as wire
from system_apis.oracle_fusion.codes import SOURCE, SYSTEM
from system_apis.oracle_fusion.entities import FirmEntities
from system_apis.oracle_fusion.rest import Change, Rest, at, quoted, version
from system_apis.oracle_fusion.wire import FSCM

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
_PARTY: Final = re.compile(r"[A-Za-z0-9_.-]{1,30}")
EVER: Final = "36500"
"""Days back that are asked for: the finder's own default is 90, which would hide what is older."""
Ours = Callable[[str], Awaitable[str]]
INVOICES: Final = listing.Kind(
    path=wire.INVOICES,
    shape=wire.Invoice,
    params=wire.HEAD_WITH,
    number="CustomerTransactionId",
    native="CustomerTransactionId",
)
RECEIPTS: Final = listing.Kind(
    path=wire.RECEIPTS, shape=wire.Receipt, params={}, number="StandardReceiptId", native="StandardReceiptId"
)


class Receivables:
    """Those of one pod."""

    def __init__(self, pod: Rest, entities: FirmEntities) -> None:
        self._rest = pod
        self._entities = entities
        self._parties: dict[str, str] = {}
        """Account number -> party number: an account stays with its party."""

    async def invoice(self, invoice_id: str) -> Invoice:
        """An invoice by its transaction's id."""
        return await self._whole(await self._invoice(invoice_id))

    async def invoice_by_key(self, key: str) -> Invoice:
        """An invoice by our key."""
        found = await self._by(key)
        if found is None:
            raise NotFound(f"Fusion has no invoice under {key[:80]}", system=SYSTEM)
        return await self._whole(found)

    async def upsert_invoice(self, key: str, data: Invoice) -> Written:
        """Make the draft, or make it again where it differs; what is complete is left alone."""
        entity = await self._entities.by_code(data.legal_entity_id)
        account = await self.account_of(data.account_id)
        draft = mapping.invoice_draft(key, data, business_unit=entity.meaning, account_number=account)
        found = await self._by(key)
        if found is None:
            made = await self._rest.create(wire.INVOICES, draft, wire.Invoice)
            return Written(id=str(made.customer_transaction_id), created=True)
        if mapping.same(found, await self._lines(found), draft):
            return Written(id=str(found.customer_transaction_id), created=False)
        if found.invoice_status != mapping.INCOMPLETE:
            raise Conflict(f"the invoice {found.transaction_number} is complete, and differs", system=SYSTEM)
        again = [
            Change(operation="delete", path=at(found), version=version(found)),
            Change(operation="create", path=wire.INVOICES, body=draft),
        ]
        await self._rest.apply(FSCM, again)
        kept = await self._by(key)
        if kept is None:
            raise NotFound(f"Fusion has no invoice under {key[:80]}", system=SYSTEM)
        return Written(id=str(kept.customer_transaction_id), created=False)

    async def post_invoice(self, invoice_id: str) -> Written:
        """Complete a draft: its document number is given, and its balance is owed."""
        found = await self._invoice(invoice_id)
        if found.invoice_status == mapping.INCOMPLETE:
            wanted = wire.InvoiceStatus(invoice_status=mapping.COMPLETE)
            change = Change(operation="update", path=at(found), body=wanted, version=version(found))
            await self._rest.apply(FSCM, [change])
        return Written(id=str(found.customer_transaction_id), created=False)

    async def invoices(self, cursor: str, limit: int, customer_id: str) -> Page[Invoice]:
        """Invoices of the firm's business units, without their lines."""
        last = listing.begun(cursor)
        where = await self._ours()
        if customer_id:
            where += f" and BillToCustomerNumber in ({await self._accounts_of(customer_id)})"
        kind = msgspec.structs.replace(INVOICES, where=where)
        found, following = await listing.page(self._rest, kind, last, limit)
        await self._learn([each.bill_to_customer_number for each in found])
        heads = [
            mapping.invoice(
                each,
                None,
                legal_entity=await self._entities.code_of(each.business_unit),
                account_id=self._parties.get(each.bill_to_customer_number, ""),
            )
            for each in found
        ]
        return Page(items=heads, next=following)

    async def payment(self, payment_id: str) -> Payment:
        """A receipt, with what of it was applied."""
        wanted = {"finder": f"PrimaryKey;StandardReceiptId={_number(payment_id, 'receipt')}"}
        found = await self._rest.first(wire.RECEIPTS, wire.Receipt, wanted)
        if found is None:
            raise NotFound(f"Fusion has no receipt {payment_id}", system=SYSTEM)
        applied = await self._applications(found.customer_account_number or "")
        ours = [each for each in applied if each.standard_receipt_id == found.standard_receipt_id]
        return await self._payment(found, ours)

    async def payments(self, cursor: str, limit: int, customer_id: str, invoice_id: str) -> Page[Payment]:
        """Receipts of the firm's business units, without what they were applied to."""
        last = listing.begun(cursor)
        where = await self._ours()
        if customer_id:
            where += f" and CustomerAccountNumber in ({await self._accounts_of(customer_id)})"
        if invoice_id:
            settled = await self._invoice(invoice_id)
            applied = await self._applications(settled.bill_to_customer_number)
            ids = {each.standard_receipt_id for each in applied if str(each.reference_transaction_id) == invoice_id}
            if not ids:
                return Page(items=[])
            where += f" and StandardReceiptId in ({','.join(map(str, sorted(ids)))})"
        kind = msgspec.structs.replace(RECEIPTS, where=where)
        found, following = await listing.page(self._rest, kind, last, limit)
        await self._learn([each.customer_account_number or "" for each in found])
        return Page(items=[await self._payment(each, []) for each in found], next=following)

    async def account_of(self, party: str) -> str:
        """The number of the account a customer is billed by; `Invalid` where it has none."""
        numbers = await self._numbers_of(party)
        if not numbers:
            detail = f"the customer {party[:40]} has no customer account to be billed by"
            raise Invalid(system=SYSTEM, errors=[FieldError(detail=detail, pointer="/account_id")])
        return numbers[0]

    async def _whole(self, found: wire.Invoice) -> Invoice:
        await self._learn([found.bill_to_customer_number])
        return mapping.invoice(
            found,
            await self._lines(found),
            legal_entity=await self._entities.code_of(found.business_unit),
            account_id=self._parties.get(found.bill_to_customer_number, ""),
        )

    async def _payment(self, found: wire.Receipt, applied: list[wire.Application]) -> Payment:
        number = found.customer_account_number or ""
        await self._learn([number])
        entity = await self._entities.code_of(found.business_unit)
        applied = [each for each in applied if each.reference_transaction_id is not None]
        return mapping.payment(found, applied, legal_entity=entity, account_id=self._parties.get(number, ""))

    async def _lines(self, found: wire.Invoice) -> list[wire.Line]:
        """All of them: an expanded child holds only the first page of its rows."""
        if not found.lines.has_more:
            return found.lines.items
        return await self._rest.all(f"{at(found)}/child/{wire.LINES}", wire.Line, wire.LINE_WITH, "LineNumber:asc")

    async def _invoice(self, invoice_id: str) -> wire.Invoice:
        wanted = {"finder": f"PrimaryKey;CustomerTransactionId={_number(invoice_id, 'invoice')}"} | wire.INVOICE_WITH
        found = await self._rest.first(wire.INVOICES, wire.Invoice, wanted)
        if found is None:
            raise NotFound(f"Fusion has no invoice {invoice_id}", system=SYSTEM)
        return found

    async def _by(self, key: str) -> wire.Invoice | None:
        wanted = f"TransactionSource='{SOURCE}' and CrossReference={quoted(key)}"
        return await self._rest.first(wire.INVOICES, wire.Invoice, {"q": wanted} | wire.INVOICE_WITH)

    async def _applications(self, account: str) -> list[wire.Application]:
        """What was applied in a customer account, however long ago, open or not."""
        if not _PARTY.fullmatch(account):
            return []
        finder = f"CustomerAccountActivitiesFinder;AccountNumber={account}"
        finder += f",TransactionLimitByDays={EVER},TransactionStatus=Both"
        params = {"finder": finder, "expand": "standardReceiptApplications"}
        activity = await self._rest.first(wire.ACTIVITIES, wire.Activity, params)
        if activity is None:
            return []
        if not activity.applications.has_more:
            return activity.applications.items
        below = f"{at(activity)}/child/standardReceiptApplications"
        return await self._rest.all(below, wire.Application, {}, "ApplicationId:asc")

    async def _ours(self) -> str:
        units = ",".join(quoted(each.meaning) for each in await self._entities.all())
        return f"BusinessUnit in ({units})"

    async def _accounts_of(self, party: str) -> str:
        """A party's account numbers as `in` has them; one nobody has where there is none."""
        numbers = await self._numbers_of(party)
        return ",".join(quoted(each) for each in numbers) or quoted("")

    async def _numbers_of(self, party: str) -> list[str]:
        if not _PARTY.fullmatch(party):
            return []
        found = await self._sites(f"PartyNumber={quoted(party)}")
        self._parties |= {each.account_number: party for each in found}
        return list(dict.fromkeys(each.account_number for each in found))

    async def _learn(self, accounts: list[str]) -> None:
        """Whose accounts these are, for all that are not known yet at once."""
        unknown = sorted({each for each in accounts if _PARTY.fullmatch(each) and each not in self._parties})
        if unknown:
            found = await self._sites(f"AccountNumber in ({','.join(quoted(each) for each in unknown)})")
            self._parties |= {each.account_number: each.party_number for each in found if each.party_number}

    async def _sites(self, wanted: str) -> list[wire.AccountSite]:
        params = {"q": wanted, "onlyData": "true"}
        return await self._rest.all(wire.SITES, wire.AccountSite, params, "SiteUseId:asc")


def _number(native_id: str, what: str) -> str:
    if not _NUMBER.fullmatch(native_id):
        raise NotFound(f"{native_id[:40]!r} is no {what}'s id", system=SYSTEM)
    return native_id
