"""What contract sync reads, and what it makes of it: the terms in force after an amendment. Pure.

as first signed + each agreed amendment up to this one, added up -> what the ERP bills
"""

from datetime import date
from typing import Annotated, Final

import msgspec

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.objects import Amendment, Contact, Contract, Customer, Opportunity, Quote
from process_apis.opportunity_to_project.guards import Deal
from process_apis.opportunity_to_project.objects import contract_key

PREFIX: Final = "ctr"
_DIGITS: Final = 16
"""Of a document's hash in the id of its run: enough to tell documents apart; the whole of it stands in the ERP."""
UNKNOWN: Final = "unknown"
"""Instead of the hash, where nobody has said which document was signed."""


class Agreed(Value, frozen=True, kw_only=True):
    """A contract up to one amendment of it, and all it rests on, read together."""

    contract: Contract
    number: Annotated[int, PUBLIC]
    """The amendment at hand; 0 is the contract itself."""
    asked: Annotated[str, PUBLIC]
    """What the id of the run says of the document."""
    opportunity: Opportunity
    account: Customer
    contacts: list[Contact] = []
    quote: Quote | None = None
    master: Contract | None = None
    others: list[Contract] = []
    """The customer's other contracts, without lines and amendments."""

    @property
    def amendment(self) -> Amendment | None:
        """The amendment at hand; None where it is the contract itself, or there is no such amendment."""
        return next((each for each in self.contract.amendments if each.number == self.number), None)

    @property
    def entity(self) -> str:
        """The legal entity whose contract it is: its own word, else the deal's."""
        return self.contract.legal_entity_id or self.opportunity.legal_entity_id

    @property
    def deal(self) -> Deal:
        """The deal it was made for, sold by the contract's own legal entity."""
        sold = msgspec.structs.replace(self.opportunity, legal_entity_id=self.entity)
        return Deal(
            opportunity=sold,
            account=self.account,
            contacts=self.contacts,
            quote=self.quote,
            contract=self.contract,
        )

    @property
    def document(self) -> str:
        """The hash of the document at hand."""
        amendment = self.amendment
        return amendment.document_hash if amendment else self.contract.document_hash

    @property
    def waived(self) -> list[str]:
        """Rules that somebody entitled to has waived for what is at hand."""
        amendment = self.amendment
        return amendment.approved_exceptions if amendment else self.contract.approved_exceptions

    @property
    def effective(self) -> date | None:
        """The day it takes effect."""
        amendment = self.amendment
        return amendment.effective if amendment else self.contract.start

    def key(self, crm: str) -> str:
        """Under what it stands in the ERP: the same as opportunity-to-project writes it under."""
        return contract_key(crm, self.deal)

    def deal_key(self, crm: str) -> str:
        """The business key of its deal, under which the deal's project stands as well."""
        return f"{crm}:{self.opportunity.id}"


class Carried(Value, frozen=True, kw_only=True):
    """What the steps have made so far."""

    agreed: Agreed
    crm: Annotated[str, PUBLIC]
    customer_id: Annotated[str, PUBLIC] = ""
    order_id: Annotated[str, PUBLIC] = ""

    @property
    def key(self) -> str:
        """Of the contract in the ERP."""
        return self.agreed.key(self.crm)

    @property
    def entity(self) -> str:
        """Whose contract it is."""
        return self.agreed.entity

    @property
    def project_key(self) -> str:
        """Of the deal's project."""
        return self.agreed.deal_key(self.crm)


def run_key(crm: str, contract_id: str, number: int, document_hash: str) -> str:
    """The id of the run that carries one document: the same however often its signature is told."""
    return f"{PREFIX}:{crm}:{contract_id}:{number}:{document_hash[:_DIGITS].lower() or UNKNOWN}"


def parts_of(run_id: str) -> tuple[str, int, str]:
    """Of a run's id: the CRM's id of its contract, the amendment, and what it says of the document."""
    _, _, contract_id, number, document, *_ = run_id.split(":")
    return contract_id, int(number), document


def terms_of(made: Carried, number: int | None = None) -> Contract:
    """What the ERP shall hold: the terms in force after the amendment at hand, or after another."""
    agreed = made.agreed
    held = agreed.contract.in_force(agreed.number if number is None else number)
    return msgspec.structs.replace(
        held,
        account_id=made.customer_id,
        legal_entity_id=made.entity,
        title=agreed.opportunity.name,
        opportunity_id=agreed.opportunity.id,
        po_number=held.po_number or agreed.opportunity.po_number,
        payment_terms=held.payment_terms or agreed.account.payment_terms,
        order_id=agreed.quote.order_id if agreed.quote else "",
    )
