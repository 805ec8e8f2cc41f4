"""What opportunity-to-project makes of a deal, for the systems it writes to. Pure."""

from decimal import Decimal
from typing import Annotated, Final

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Conflict
from canonical.money import Money
from canonical.objects import (
    BillingLine,
    BillingSchedule,
    Contract,
    Customer,
    Opportunity,
    Project,
    Quote,
    ResourceDemand,
    RoleDemand,
)
from process_apis.account_sync.customers import account_key
from process_apis.opportunity_to_project.guards import Deal
from process_apis.opportunity_to_project.templates import Plan, dates_of

ORDERED: Final = "q2o"
"""What the keys of orders begin with that quote-to-order makes."""


class Keys(Value, frozen=True, kw_only=True):
    """The business keys of one deal, the same in every system and every winning."""

    project: Annotated[str, PUBLIC]
    account: Annotated[str, PUBLIC]
    contract: Annotated[str, PUBLIC]

    @property
    def billing(self) -> str:
        """Of the project's billing plan."""
        return f"{self.project}:billing"

    def role(self, number: int) -> str:
        """Of the request for one role."""
        return f"{self.project}:role{number}"


class Party(Value, frozen=True, kw_only=True):
    """The customer after step 4: known to the ERP."""

    key: Annotated[str, PUBLIC]
    customer_id: Annotated[str, PUBLIC]


class Made(Value, frozen=True, kw_only=True):
    """What the steps have made so far."""

    deal: Deal
    keys: Keys
    plan: Plan
    customer_id: Annotated[str, PUBLIC]
    code: Annotated[str, PUBLIC]
    erp_project_id: Annotated[str, PUBLIC] = ""
    psa_project_id: Annotated[str, PUBLIC] = ""

    @property
    def entity(self) -> str:
        """The selling legal entity's code."""
        return self.deal.opportunity.legal_entity_id


def keys_of(crm: str, deal: Deal) -> Keys:
    """Our keys: the CRM's name and its ids. Of merged accounts, the id of the one that is left."""
    return Keys(
        project=f"{crm}:{deal.opportunity.id}",
        account=account_key(crm, deal.account),
        contract=contract_key(crm, deal),
    )


def contract_key(crm: str, deal: Deal) -> str:
    """The key of the contract: that of the order, where the quote is ordered already, so that nothing bills twice."""
    if deal.quote is not None and deal.quote.order_id:
        return order_key(crm, deal.quote)
    contract = deal.contract.id if deal.contract else f"{deal.opportunity.id}:contract"
    return f"{crm}:{contract}"


def order_key(crm: str, quote: Quote) -> str:
    """Under what the order of a quote's revision stands in the ERP; the run that makes it has the same id."""
    return f"{ORDERED}:{crm}:{quote.id}:r{quote.revision}"


def customer_of(deal: Deal) -> Customer:
    """The customer as the ERP of the selling entity shall know it."""
    opportunity = deal.opportunity
    return msgspec.structs.replace(
        deal.account, legal_entity_id=opportunity.legal_entity_id, default_currency=opportunity.amount.currency
    )


def contract_of(deal: Deal, customer_id: str, status: str) -> Contract:
    """The contract as it is billed: the signed one, with the deal's amount and terms."""
    opportunity = deal.opportunity
    signed = deal.contract or Contract(number=opportunity.id, account_id="", currency=opportunity.amount.currency)
    return msgspec.structs.replace(
        signed,
        account_id=customer_id,
        legal_entity_id=opportunity.legal_entity_id,
        title=opportunity.name,
        opportunity_id=opportunity.id,
        currency=opportunity.amount.currency,
        value=opportunity.amount,
        billing_method=opportunity.contract_type,
        po_number=opportunity.po_number or signed.po_number,
        payment_terms=signed.payment_terms or deal.account.payment_terms,
        order_id=deal.quote.order_id if deal.quote else "",
        status=status,
    )


def project_of(made: Made, account_id: str) -> Project:
    """The project, not open yet; `account_id` is what the system at hand calls the customer."""
    deal = made.deal.opportunity
    start, end = dates_of(deal)
    return Project(
        legal_entity_id=made.entity,
        code=made.code,
        name=deal.name,
        account_id=account_id,
        contract_id=made.keys.contract,
        opportunity_id=deal.id,
        stage="planned",
        currency=deal.amount.currency,
        budget=deal.amount,
        billing_method=deal.contract_type,
        start=start,
        end=end,
        practice=deal.practice,
        project_manager=deal.project_manager,
    )


def billing_of(made: Made) -> BillingSchedule:
    """When the project is billed. The lines sum to the deal's amount."""
    return BillingSchedule(
        legal_entity_id=made.entity,
        name=f"{made.code} {made.deal.opportunity.name}",
        project_id=made.erp_project_id,
        currency=made.deal.opportunity.amount.currency,
        method=made.plan.billing_method,
        lines=made.plan.billing,
    )


def replanned(plan: BillingSchedule, worth: Money, due: BillingLine) -> BillingSchedule:
    """The plan so that it comes to `worth`: with `due` as another line, or with less of it, else of its last lines.

    `Conflict` where it would have to bill less than nothing.
    """
    lines, over = list(plan.lines), plan.total().amount - worth.amount
    if over < 0:
        more = msgspec.structs.replace(due, amount=Money.of(-over, worth.currency))
        return msgspec.structs.replace(plan, lines=[*lines, more])
    lines.sort(key=lambda each: (each.ref == due.ref or each.amount.amount == over, each.due))
    while over > 0:
        if not lines:
            raise Conflict(f"The billing plan cannot come to {worth}.")
        last = lines.pop()
        taken = min(over, last.amount.amount)
        over -= taken
        if taken < last.amount.amount:
            lines.append(msgspec.structs.replace(last, amount=last.amount - Money.of(taken, worth.currency)))
    return msgspec.structs.replace(plan, lines=sorted(lines, key=lambda each: each.due))


def demand_of(made: Made, wanted: RoleDemand) -> ResourceDemand:
    """The request for one role; where the deal says no dates, over the whole project."""
    start, end = dates_of(made.deal.opportunity)
    return ResourceDemand(
        legal_entity_id=made.entity,
        project_id=made.psa_project_id,
        role=wanted.role,
        hours=wanted.hours,
        start=wanted.start or start,
        end=wanted.end or end,
    )


def hours_of(opportunity: Opportunity) -> Decimal:
    """All hours the deal needs."""
    return sum((role.hours for role in opportunity.role_demand), Decimal(0))
