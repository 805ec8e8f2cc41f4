"""Guards of opportunity-to-project, as data: each a rule, who can mend it, and a check that tells its evidence.

All of them run before the first write, and all that fail are told at once. A guard whose system is not bound is "not
applicable", which is not a pass.
"""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.objects import Contact, Contract, Customer, LegalEntity, Opportunity, Quote, TaxProfile
from process_apis.judging import Guard, Skip, Verdict, judged, refuse, summary
from process_apis.opportunity_to_project.holding import Holder

__all__ = ["GUARDS", "Deal", "Evidence", "Verdict", "judge", "refuse", "summary"]

TOLERANCE: Final = Decimal("0.01")
"""How far the quote's total may be from the deal's amount, in the currency's main unit."""


class Deal(Value, frozen=True, kw_only=True):
    """A won deal and all that hangs on it, read together."""

    opportunity: Opportunity
    account: Customer
    contacts: list[Contact] = []
    quote: Quote | None = None
    contract: Contract | None = None


class Evidence(Value, frozen=True, kw_only=True):
    """What the guards look at besides the deal."""

    entity: LegalEntity | None
    erp_customer: Customer | None = None
    tax_profile: TaxProfile | None = None
    own_project_code: Annotated[str, PUBLIC] = ""
    """The code this deal's project has by our own cross-references."""
    delivering: dict[str, LegalEntity | None] = {}
    """The other entities that shall deliver, as their ERPs have them; None where it knows no such entity."""
    contract_holder: Holder | None = None
    """The other deal that the contract is billed for already."""
    today: Annotated[date, PUBLIC]
    unbound: Annotated[dict[str, str], PUBLIC] = {}
    """Roles nothing is bound to, with the sentence that says so."""


def _entity(deal: Deal, seen: Evidence) -> str | None:
    code = deal.opportunity.legal_entity_id
    if not code:
        return "The deal names no legal entity, so nobody can sell it."
    if seen.entity is None:
        return f"The ERP knows no legal entity {code}."
    return None if seen.entity.status == "open" else f"{code} is closed."


def _period(deal: Deal, seen: Evidence) -> str | Skip | None:
    if seen.entity is None or not seen.entity.periods:
        return Skip("not applicable: the ERP keeps no accounting periods for this entity")
    period = seen.entity.period_of(seen.today)
    if period is None:
        return f"{seen.entity.code} has no accounting period for {seen.today}."
    return None if period.open else f"{seen.entity.code} closed {period.name}, the period of {seen.today}."


def _intercompany(deal: Deal, seen: Evidence) -> str | None:
    selling = deal.opportunity.legal_entity_id
    known = seen.entity.intercompany_partners if seen.entity else []
    missing = [e for e in deal.opportunity.delivery_entities if e != selling and e not in known]
    return (
        f"{selling} has no intercompany agreement with {', '.join(missing)}, which shall deliver." if missing else None
    )


def _deliverers(deal: Deal, seen: Evidence) -> str | Skip | None:
    others = [each for each in deal.opportunity.delivery_entities if each != deal.opportunity.legal_entity_id]
    said = [
        f"{code} is not known to its ERP" if entity is None else f"{code} is closed"
        for code, entity in seen.delivering.items()
        if entity is None or entity.status != "open"
    ]
    if said:
        return f"Of those that shall deliver {' and '.join(said)}."
    unseen = [each for each in others if each not in seen.delivering]
    return Skip(f"not applicable: no ERP is bound for {' and '.join(unseen)}") if unseen else None


def _tax(deal: Deal, seen: Evidence) -> str | None:
    if seen.tax_profile is not None and seen.tax_profile.registrations:
        return (
            None if seen.tax_profile.status == "valid" else f"The tax profile in the ERP is {seen.tax_profile.status}."
        )
    if any(r.number and r.status != "expired" for r in deal.account.tax_registrations):
        return None
    return f"{deal.account.legal_name} has no tax registration, so no invoice could be taxed."


def _signed(deal: Deal, seen: Evidence) -> str | None:
    contract = deal.contract
    if contract is None:
        return "No contract is linked to the deal."
    if contract.signed_at is not None or (contract.at_risk_until is not None and contract.at_risk_until >= seen.today):
        return None
    return f"Contract {contract.number} is not signed, and no at-risk approval is in force."


def _credit(deal: Deal, seen: Evidence) -> str | None:
    customer = seen.erp_customer
    if customer is None or not customer.credit.hold:
        return None
    return f"{customer.legal_name} is on credit hold in the ERP. {customer.credit.reason}".strip()


def _currency(deal: Deal, _seen: Evidence) -> str | None:
    wanted = deal.opportunity.amount.currency
    others = {
        "quote": deal.quote.currency if deal.quote else wanted,
        "contract": deal.contract.currency if deal.contract else wanted,
        "price list": deal.opportunity.price_list_currency or wanted,
    }
    odd = [f"the {name} in {currency}" for name, currency in others.items() if currency != wanted]
    return f"The deal is in {wanted}, but {' and '.join(odd)}." if odd else None


def _quote_total(deal: Deal, _seen: Evidence) -> str | Skip | None:
    quote, amount = deal.quote, deal.opportunity.amount
    if quote is None:
        return "No quote is linked to the deal."
    if quote.currency != amount.currency:
        return Skip("not applicable: deal and quote are in different currencies")
    if abs(quote.total.amount - amount.amount) <= TOLERANCE:
        return None
    return f"The quote comes to {quote.total}, the deal to {amount}."


def _quote_accepted(deal: Deal, _seen: Evidence) -> str | None:
    if deal.quote is None or deal.quote.status in ("accepted", "approved"):
        return None
    return f"Quote {deal.quote.number} is {deal.quote.status}, not accepted."


def _po(deal: Deal, _seen: Evidence) -> str | None:
    has = deal.opportunity.po_number or (deal.contract.po_number if deal.contract else "")
    return (
        None
        if has or not deal.account.po_required
        else f"{deal.account.legal_name} pays only against a PO, and there is none."
    )


def _duplicate(deal: Deal, seen: Evidence) -> str | None:
    code = deal.opportunity.project_code
    if not code or code == seen.own_project_code:
        return None
    return f"The deal is linked to project {code} already, which Tiergate did not make."


def _contract_free(deal: Deal, seen: Evidence) -> str | None:
    holder = seen.contract_holder
    number = deal.contract.number if deal.contract else deal.opportunity.contract_id
    return holder.refusal(number) if holder else None


def _unbound(role: str) -> Callable[[Deal, Evidence], str | Skip | None]:
    def check(_deal: Deal, seen: Evidence) -> str | Skip | None:
        return Skip(f"not applicable: {seen.unbound.get(role, f'{role} checks are not offered yet')}")

    return check


GUARDS: Final = (
    Guard("legal_entity", "Finance", _entity),
    Guard("period_open", "Finance", _period),
    Guard("intercompany", "Finance", _intercompany),
    Guard("delivery_entity", "Finance", _deliverers),
    Guard("tax_profile", "Account owner", _tax),
    Guard("signed_contract", "Legal operations", _signed),
    Guard("contract_free", "Deal desk", _contract_free),
    Guard("credit_hold", "Credit control", _credit),
    Guard("currency", "Sales operations", _currency),
    Guard("quote_total", "Deal desk", _quote_total),
    Guard("quote_accepted", "Deal desk", _quote_accepted),
    Guard("rate_card", "Deal desk", _unbound("rates")),
    Guard("purchase_order", "Account owner", _po),
    Guard("duplicate_project", "PMO", _duplicate),
    Guard("project_manager_active", "PMO", _unbound("hr")),
    Guard("screening", "Compliance", _unbound("screening")),
)


def judge(deal: Deal, seen: Evidence) -> list[Verdict]:
    """Every guard's verdict."""
    return judged(GUARDS, deal, seen)
