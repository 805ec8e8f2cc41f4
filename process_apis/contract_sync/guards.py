"""Guards of contract sync, as data: what must hold before anything of a contract is written; all that fail are told.

A guard that holds (`severity`) stops a run as one that blocks does, until somebody entitled to has waived it in the CRM
for this one document.
"""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Final

from canonical.money import Money
from canonical.objects import ContractLine
from process_apis.account_sync import debtors
from process_apis.contract_sync.evidence import Evidence, above, net, overlapping, scope, total
from process_apis.contract_sync.objects import Agreed
from process_apis.contract_sync.renewals import uplift_missed
from process_apis.judging import Guard, Leniency, Skip, Verdict, in_the_crm, judged

TOLERANCE: Final = Decimal("0.01")
"""How far the quote's total may be from the contract's value, in the currency's main unit."""
_HASH: Final = re.compile(r"[0-9a-fA-F]{64}")
_NO_AMENDMENT: Final = Skip("not applicable: it is the contract itself")


Said = str | Skip | None


def _signed(agreed: Agreed, seen: Evidence) -> Said:
    if agreed.number and agreed.amendment is None:
        return f"Contract {agreed.contract.number} has no amendment {agreed.number}."
    amendment, contract = agreed.amendment, agreed.contract
    signed = amendment.signed_at if amendment else contract.signed_at
    if contract.status not in ("active", "cancelled", "expired"):
        return f"Contract {contract.number} is {contract.status}: it is not in force."
    if amendment is not None and amendment.status != "agreed":
        return f"Amendment {amendment.number} is {amendment.status}, not agreed."
    if signed is None:
        return f"{_name(agreed)} is not signed."
    latest = seen.today + timedelta(days=1)  # where they signed it may be tomorrow already
    return None if signed <= latest else f"{_name(agreed)} says it was signed on {signed}, which is yet to come."


def _document(agreed: Agreed, _seen: Evidence) -> Said:
    if not _HASH.fullmatch(agreed.document):
        said = repr(agreed.document[:20]) if agreed.document else "nothing"
        return f"The executed document of {_name(agreed)} is known by its SHA-256 in 64 digits; the CRM says {said}."
    if not agreed.document.lower().startswith(agreed.asked):
        return f"{_name(agreed)} is another document by now than the one this run is about."
    return None


def _paper(agreed: Agreed, _seen: Evidence) -> Said:
    envelope = agreed.amendment.envelope if agreed.amendment else agreed.contract.envelope
    return None if envelope else f"{_name(agreed)} was signed on paper, and nobody has checked what was typed in of it."


def _metadata(agreed: Agreed, _seen: Evidence) -> Said:
    contract, amendment = agreed.contract, agreed.amendment
    held = contract.in_force(agreed.number)
    missing = [
        "governing law" if not contract.governing_law else "",
        "payment terms" if not (contract.payment_terms or agreed.account.payment_terms) else "",
        "start" if contract.start is None else "",
        "end" if held.end is None and not contract.auto_renew else "",
        "value" if contract.value is None else "",
        "lines" if not contract.lines else "",
        "effective date" if amendment is not None and amendment.effective is None else "",
        "PO number" if agreed.account.po_required and not (contract.po_number or agreed.opportunity.po_number) else "",
        *(f"billing method of line {each.seq}" for each in _lines(agreed) if each.billing_method is None),
    ]
    said = ", ".join(each for each in missing if each)
    return f"{_name(agreed)} does not say: {said}." if said else None


def _sums(agreed: Agreed, _seen: Evidence) -> Said:
    worth = agreed.amendment.value_change if agreed.amendment else agreed.contract.value
    lines = _lines(agreed)
    if worth is None:
        return None if not lines else f"{_name(agreed)} has lines and says no value."
    odd = [each for each in lines if each.amount.currency != worth.currency]
    if odd:
        return None  # the guard of currencies says so
    summed = Money.of(sum((each.amount.amount for each in lines), Decimal(0)), worth.currency)
    return None if summed.same(worth) else f"The lines of {_name(agreed)} come to {summed}, it says {worth}."


def _quote(agreed: Agreed, _seen: Evidence) -> Said:
    quote, worth = agreed.quote, agreed.contract.value
    if agreed.number:
        return Skip("not applicable: an amendment changes what the quote said")
    if quote is None or worth is None:
        return Skip("not applicable: the deal has no quote to compare with")
    if quote.status not in ("accepted", "approved"):
        return f"Quote {quote.number} is {quote.status}, not accepted."
    if quote.currency != worth.currency:
        return None  # the guard of currencies says so
    if abs(quote.total.amount - worth.amount) <= TOLERANCE:
        return None
    return f"Quote {quote.number} was accepted at {quote.total}, the contract says {worth}."


def _currency(agreed: Agreed, _seen: Evidence) -> Said:
    contract, amendment = agreed.contract, agreed.amendment
    if amendment is not None and amendment.currency != contract.currency:
        return (
            f"Amendment {amendment.number} is in {amendment.currency}, the contract in {contract.currency}: a currency"
            " is not switched by an amendment. Terminate this contract, and sign one in the new currency."
        )
    others = {
        "the deal": agreed.opportunity.amount.currency,
        "the quote": agreed.quote.currency if agreed.quote else contract.currency,
        **{f"line {each.seq}": each.amount.currency for each in _lines(agreed)},
    }
    odd = [f"{name} in {currency}" for name, currency in others.items() if currency != contract.currency]
    return f"The contract is in {contract.currency}, but {' and '.join(odd)}." if odd else None


def _limits(agreed: Agreed, seen: Evidence) -> Said:
    """A limit holds at each level: of a line, of all lines, of the contract, and of what is billed already."""
    held = agreed.contract.in_force(agreed.number)
    most, billed = held.not_to_exceed, seen.billed(held.currency)
    if most is None:
        return Skip("not applicable: the contract says no limit")
    lines = [*held.lines, *(line for each in held.amendments for line in each.lines)]
    limits = [limit for each in lines if (limit := each.not_to_exceed) and limit.currency == most.currency]
    over = [
        *(f"one line may cost {limit}" for limit in limits if above(limit, most)),
        *([f"its lines may cost {total(limits, most)}"] if limits and above(total(limits, most), most) else []),
        *([f"its value is {held.value}"] if above(held.value, most) else []),
        *([f"{billed} is billed"] if above(billed, most) else []),
    ]
    return f"The contract may not exceed {most}, but {' and '.join(over)}." if over else None


def _master(agreed: Agreed, seen: Evidence) -> Said:
    master, held = agreed.master, agreed.contract.in_force(agreed.number)
    if not agreed.contract.master_id:
        return Skip("not applicable: it is signed under no master agreement")
    if agreed.amendment is not None and agreed.amendment.kind == "termination":
        return Skip("not applicable: a termination needs no master agreement")
    if master is None:
        return f"The master agreement {agreed.contract.master_id} is not there."
    if master.status == "cancelled":
        return f"The master agreement {master.number} is terminated."
    if master.end is not None and master.end < seen.today and not master.auto_renew:
        return f"The master agreement {master.number} ended on {master.end}, and this contract lives on to {held.end}."
    begins, ends = (held.start, master.start), (held.end, master.end)
    if begins[0] and begins[1] and begins[0] < begins[1]:
        return f"It starts on {begins[0]}, before the master agreement {master.number} does on {begins[1]}."
    if ends[0] and ends[1] and ends[0] > ends[1] and not master.auto_renew:
        return f"It ends on {ends[0]}, after the master agreement {master.number} does on {ends[1]}."
    return None


def _overlap(agreed: Agreed, _seen: Evidence) -> Said:
    held = agreed.contract.in_force(agreed.number)
    if held.status == "cancelled":
        return Skip("not applicable: it ends")
    others = [each for each in agreed.others if each.opportunity_id != held.opportunity_id and each.signed_at]
    odd = [e for e in others if e.status == "active" and scope(e) == scope(held) and overlapping(e, held)]
    named = " and ".join(f"contract {each.number} ({each.start} to {each.end})" for each in odd)
    return f"The same work is under {named} already." if odd else None


def _one(agreed: Agreed, _seen: Evidence) -> Said:
    contract = agreed.contract
    twins = [
        each
        for each in agreed.others
        if (each.opportunity_id, each.status) == (contract.opportunity_id, "active")
        and each.signed_at
        and each.id != contract.master_id
        and overlapping(each, contract.in_force(agreed.number))
    ]
    named = " and ".join(f"contract {each.number} (envelope {each.envelope or 'none'})" for each in twins)
    mine = f"contract {contract.number} (envelope {contract.envelope or 'none'})"
    return f"Two documents are signed for one deal: {mine}, and {named}. Void one of them." if twins else None


def _free(agreed: Agreed, seen: Evidence) -> Said:
    return seen.holder.refusal(agreed.contract.number) if seen.holder else None


def _alike(agreed: Agreed, seen: Evidence) -> Said:
    return debtors.undecided(agreed.account.legal_name, seen.alike)


def _in_order(agreed: Agreed, seen: Evidence) -> Said:
    if not agreed.number:
        return _NO_AMENDMENT
    earlier = [each for each in agreed.contract.amendments if each.number < agreed.number]
    waiting = [each for each in earlier if each.status in ("draft", "in_approval")]
    if waiting:
        named = ", ".join(f"{each.number} ({each.status})" for each in waiting)
        return f"Earlier amendments are not settled: {named}. What this one changes is not known until they are."
    carried = seen.carried
    before = _before(agreed)
    if carried is None:
        return f"The contract itself was never carried: amendment {agreed.number} comes after it."
    return f"Amendment {before} was not carried yet: it comes first." if carried < before else None


def _newest(agreed: Agreed, _seen: Evidence) -> Said:
    amendment = agreed.amendment
    if amendment is None:
        return _NO_AMENDMENT
    before = _before(agreed)
    if amendment.based_on == before:
        return None
    on = f"amendment {amendment.based_on}" if amendment.based_on else "the contract as it was signed first"
    return f"Amendment {amendment.number} was agreed on top of {on}, but the last one agreed is {before}."


def _once(agreed: Agreed, seen: Evidence) -> Said:
    carried, there = seen.carried, seen.there
    if carried is None or there is None or carried < agreed.number:
        return None
    if carried > agreed.number:
        return f"Amendment {carried} was carried already: what came before it is not carried again."
    if there.document_hash.lower() == agreed.document.lower():
        return None
    return (
        f"{_name(agreed)} was carried with another document ({there.document_hash[:12]}): what was agreed is not"
        " edited. Agree to an amendment."
    )


def _entity(agreed: Agreed, seen: Evidence) -> Said:
    amendment, code = agreed.amendment, agreed.entity
    if amendment is not None and (amendment.kind == "assignment" or amendment.legal_entity_id not in ("", code)):
        return (
            f"An order does not move from {code} to {amendment.legal_entity_id or 'another company'}: terminate this"
            f" contract there by an amendment, and sign one with {amendment.legal_entity_id or 'the other'}."
        )
    if not code:
        return "Neither the contract nor its deal names a legal entity, so nobody can bill it."
    if seen.entity is None:
        return f"The ERP knows no legal entity {code}."
    if seen.there is not None and seen.there.legal_entity_id not in ("", code):
        return f"The ERP bills it for {seen.there.legal_entity_id}, the contract is {code}'s by now."
    return None if seen.entity.status == "open" else f"{code} is closed."


def _dates(agreed: Agreed, _seen: Evidence) -> Said:
    held, amendment = agreed.contract.in_force(agreed.number), agreed.amendment
    if held.start and held.end and held.end < held.start:
        return f"It ends on {held.end}, before it starts on {held.start}."
    if amendment is None or amendment.effective is None or held.start is None:
        return None
    if amendment.effective < held.start:
        return (
            f"Amendment {amendment.number} takes effect on {amendment.effective}, before the contract on {held.start}."
        )
    ends = held.end if amendment.kind != "termination" else None
    if ends is not None and amendment.effective > ends:
        return f"Amendment {amendment.number} takes effect on {amendment.effective}, after the contract ends on {ends}."
    return None


def _period(agreed: Agreed, seen: Evidence) -> Said:
    if not agreed.number:
        return _NO_AMENDMENT
    if seen.entity is None or not seen.entity.periods or agreed.effective is None:
        return Skip("not applicable: the ERP keeps no accounting periods for this entity")
    period = seen.entity.period_of(agreed.effective)
    if period is None or period.open:
        return None
    return f"It takes effect on {agreed.effective}, and {seen.entity.code} has closed {period.name}."


def _retroactive(agreed: Agreed, seen: Evidence) -> Said:
    if not agreed.number or agreed.effective is None:
        return _NO_AMENDMENT
    if seen.invoices is None:
        return Skip("not applicable: the ERP tells nothing of invoices")
    since = [each for each in seen.invoices if each.issued_on >= agreed.effective and each.kind == "invoice"]
    named = ", ".join(f"{each.number} of {each.issued_on} ({net(each)})" for each in since)
    return (
        f"It takes effect on {agreed.effective}, and what is billed since does not know it: {named}." if since else None
    )


def _already_billed(agreed: Agreed, seen: Evidence) -> Said:
    held = agreed.contract.in_force(agreed.number)
    if seen.invoices is None or held.value is None:
        return Skip("not applicable: the ERP tells nothing of invoices")
    billed = seen.billed(held.currency)
    return f"{billed} is billed, the contract comes to {held.value} now." if above(billed, held.value) else None


def _unbilled(agreed: Agreed, seen: Evidence) -> Said:
    if agreed.amendment is None or agreed.amendment.kind != "termination":
        return Skip("not applicable: it does not end")
    if seen.unbilled.unknown:
        return Skip(f"not applicable: {seen.unbilled.unknown}")
    if not seen.unbilled.entries:
        return None
    hours, entries = seen.unbilled.hours, seen.unbilled.entries
    return f"{hours.normalize():f} approved hours ({entries} entries) are not billed. Bill them, or write them off."


def _uplift(agreed: Agreed, _seen: Evidence) -> Said:
    if agreed.amendment is None or agreed.amendment.kind != "renewal":
        return Skip("not applicable: it is no renewal")
    return uplift_missed(agreed.contract, agreed.amendment.lines)


def _ended(agreed: Agreed, seen: Evidence) -> Said:
    if seen.there is None or seen.there.status != "cancelled" or seen.carried == agreed.number:
        return None
    return f"Contract {agreed.contract.number} is closed in the ERP."


GUARDS: Final[tuple[Guard[[Agreed, Evidence]], ...]] = (
    Guard("agreement_signed", "Legal operations", _signed),
    Guard("executed_document", "Legal operations", _document),
    Guard("paper_checked", "Legal operations", _paper, "hold", "Legal operations"),
    Guard("contract_metadata", "Legal operations", _metadata),
    Guard("agreement_lines", "Deal desk", _sums),
    Guard("contract_quote", "Deal desk", _quote),
    Guard("contract_currency", "Finance", _currency),
    Guard("not_to_exceed", "Deal desk", _limits),
    Guard("master_agreement", "Legal operations", _master, "hold", "Legal operations"),
    Guard("overlapping_work", "Legal operations", _overlap, "hold", "Legal operations"),
    Guard("one_agreement", "Legal operations", _one),
    Guard("contract_free", "Deal desk", _free),
    Guard("second_customer", "Account steward", _alike, "hold", "Finance"),
    Guard("amendments_in_order", "Legal operations", _in_order),
    Guard("last_agreed", "Legal operations", _newest),
    Guard("carried_once", "Legal operations", _once),
    Guard("contract_entity", "Finance", _entity),
    Guard("agreement_dates", "Legal operations", _dates),
    Guard("contract_open", "Finance", _ended),
    Guard("effective_period", "Finance", _period, "hold", "Finance"),
    Guard("retroactive", "Finance", _retroactive, "hold", "Finance"),
    Guard("already_billed", "Finance", _already_billed),
    Guard("unbilled_work", "Finance", _unbilled, "hold", "Finance"),
    Guard("price_uplift", "Deal desk", _uplift),
)
HOLDS: Final = frozenset(each.rule for each in GUARDS if each.severity == "hold")
"""Those that somebody entitled to may waive."""


def _name(agreed: Agreed) -> str:
    """What is at hand, as people call it."""
    number = agreed.contract.number
    return f"Amendment {agreed.number} of contract {number}" if agreed.number else f"Contract {number}"


def _lines(agreed: Agreed) -> list[ContractLine]:
    """Those of the document at hand."""
    return agreed.amendment.lines if agreed.amendment else agreed.contract.lines


def _before(agreed: Agreed) -> int:
    """The last amendment that was agreed before the one at hand."""
    return max((each.number for each in agreed.contract.amended_up_to(agreed.number - 1)), default=0)


def judge(agreed: Agreed, seen: Evidence) -> list[Verdict]:
    """Every guard's verdict."""
    return judged(GUARDS, Leniency(waived=in_the_crm(agreed.waived)), agreed, seen)
