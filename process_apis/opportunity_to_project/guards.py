"""Guards of opportunity-to-project, as data: each a rule, who can mend it, and a check that tells its evidence.

What only holds is waived in the CRM, by the rule's name on the deal's contract. Work may begin before that is signed,
on an approval that names a day, and a sum where it is capped: after the day a deal is refused until the contract is
signed, and one that comes to more than the sum is held until its approver waives that, too. Rates are the PSA's; who is
employed is what HR has told staffing.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.objects import Contact, Contract, Customer, LegalEntity, Opportunity, Quote, RateCard, TaxProfile
from process_apis.account_sync import debtors
from process_apis.judging import Guard, Leniency, Skip, Verdict, in_the_crm, judged, refuse, summary
from process_apis.opportunity_to_project.holding import Holder
from process_apis.opportunity_to_project.templates import dates_of
from process_apis.rate_cards import BY_THE_HOUR, lacking
from process_apis.staffing.known import Employed

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
    alike: Annotated[list[str], PUBLIC] = []
    """The cases that say who of the books the customer may be, where they know nobody as it."""
    own_project_code: Annotated[str, PUBLIC] = ""
    """The code this deal's project has by our own cross-references."""
    delivering: dict[str, LegalEntity | None] = {}
    """The other entities that shall deliver, as their ERPs have them; None where it knows no such entity."""
    contract_holder: Holder | None = None
    """The other deal that the contract is billed for already."""
    today: Annotated[date, PUBLIC]
    rate_cards: list[RateCard] = []
    """The PSA's price lists for work, of a deal that is billed by the hour."""
    no_rates: Annotated[str, PUBLIC] = ""
    """Why none could be read."""
    employed: Employed = Employed()
    """What HR has told of the project manager to be."""


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
    if contract.signed_at is not None or at_risk(contract, seen.today):
        return None
    over = f"the at-risk approval ended on {contract.at_risk_until}" if contract.at_risk_until else ""
    return f"Contract {contract.number} is not signed, and {over or 'no at-risk approval is in force'}."


def at_risk(contract: Contract | None, today: date) -> bool:
    """Whether work under a contract that nobody has signed is approved on this day."""
    if contract is None or contract.signed_at is not None or contract.at_risk_until is None:
        return False
    return contract.at_risk_until >= today


def _unsigned(deal: Deal, seen: Evidence) -> str | None:
    contract = deal.contract
    if contract is None or not at_risk(contract, seen.today):
        return None
    most = f", up to {contract.at_risk_cap}" if contract.at_risk_cap else ""
    return f"Work begins before contract {contract.number} is signed: approved until {contract.at_risk_until}{most}."


def _capped(deal: Deal, seen: Evidence) -> str | Skip | None:
    contract, amount = deal.contract, deal.opportunity.amount
    if contract is None or not at_risk(contract, seen.today):
        return Skip("not applicable: no work is approved at risk")
    cap = contract.at_risk_cap
    if cap is None:
        return Skip("not applicable: the at-risk approval names no sum")
    if cap.currency != amount.currency:
        return f"The deal is in {amount.currency}, and the at-risk approval covers {cap}: nobody has said what that is."
    return f"The deal comes to {amount}, the at-risk approval covers {cap}." if amount > cap else None


def _credit(deal: Deal, seen: Evidence) -> str | None:
    customer = seen.erp_customer
    if customer is None or not customer.credit.hold:
        return None
    return f"{customer.legal_name} is on credit hold in the ERP. {customer.credit.reason}".strip()


def _alike(deal: Deal, seen: Evidence) -> str | None:
    return debtors.undecided(deal.account.legal_name, seen.alike)


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


def _rates(deal: Deal, seen: Evidence) -> str | Skip | None:
    opportunity = deal.opportunity
    if opportunity.contract_type not in BY_THE_HOUR:
        return Skip("not applicable: it is not billed by the hour")
    if seen.no_rates:
        return Skip(f"not applicable: {seen.no_rates}")
    currency, roles = opportunity.amount.currency, [each.role for each in opportunity.role_demand]
    said = [lacking(c, roles, *dates_of(opportunity)) for c in seen.rate_cards if c.currency == currency]
    return None if "" in said else " ".join(said) or f"The PSA has no rate card in {currency}."


def _manager(deal: Deal, seen: Evidence) -> str | Skip | None:
    start, end = dates_of(deal.opportunity)
    return seen.employed.missing([deal.opportunity.project_manager], max(start, seen.today), end)


GUARDS: Final[tuple[Guard[[Deal, Evidence]], ...]] = (
    Guard("legal_entity", "Finance", _entity),
    Guard("period_open", "Finance", _period),
    Guard("intercompany", "Finance", _intercompany),
    Guard("delivery_entity", "Finance", _deliverers),
    Guard("tax_profile", "Account owner", _tax),
    Guard("signed_contract", "Legal operations", _signed),
    Guard("at_risk_cap", "Legal operations", _capped, "hold", "Finance"),
    Guard("at_risk", "Legal operations", _unsigned, "warn"),
    Guard("contract_free", "Deal desk", _contract_free),
    Guard("second_customer", "Account steward", _alike, "hold", "Finance"),
    Guard("credit_hold", "Credit control", _credit),
    Guard("currency", "Sales operations", _currency),
    Guard("quote_total", "Deal desk", _quote_total),
    Guard("quote_accepted", "Deal desk", _quote_accepted),
    Guard("rate_card", "Deal desk", _rates, "warn"),
    Guard("purchase_order", "Account owner", _po, "hold", "Finance"),
    Guard("duplicate_project", "PMO", _duplicate),
    Guard("project_manager_active", "PMO", _manager, "hold", "Resource management"),
)
NOT_ASKED: Final = {"screening": "No system there is an adapter for keeps sanctions or KYC checks with their dates."}
"""Rules of the trade that are no guards here, and why."""


def judge(deal: Deal, seen: Evidence) -> list[Verdict]:
    """Every guard's verdict."""
    waived = in_the_crm(deal.contract.approved_exceptions if deal.contract else ())
    return judged(GUARDS, Leniency(waived=waived), deal, seen)
