"""Ports of contracts on their way from a signature to what is billed: the CRM's agreements, the ERP's terms."""

from datetime import date
from typing import Annotated, Protocol

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.faults import Conflict, Invalid, NotFound
from canonical.objects import Contract
from canonical.ports.lists import PAGE, PageSize, RecordChange
from canonical.ports.operation import Page, Written, operation


class AgreementMark(Value, frozen=True, kw_only=True):
    """How far a contract is carried, for the CRM's people to see."""

    amendment: Annotated[int | None, PUBLIC]
    """The last amendment the ERP has, 0 for the contract itself; null takes the mark away."""
    order_id: Annotated[str, PUBLIC] = ""
    """The ERP's id of it."""
    ended: Annotated[bool, PUBLIC] = False
    """It was terminated: the CRM's own status says so as well."""


class Agreements(Protocol):
    """Contracts of a CRM as they were signed, with every line and amendment."""

    @operation("GET", "/contracts/{contract_id}/agreement", raises=(NotFound,))
    async def agreement(self, contract_id: str) -> Contract:
        """One contract with its lines and amendments. Its `source.native_version` changes with an edit of any."""

    @operation("GET", "/accounts/{account_id}/agreements", raises=(NotFound,))
    async def agreements(self, account_id: str) -> list[Contract]:
        """Every contract of a customer, without lines and amendments."""

    @operation("PUT", "/contracts/{contract_id}/mark", raises=(NotFound, Invalid))
    async def mark_agreement(self, contract_id: str, data: AgreementMark) -> Written:
        """Say how far it is carried. Idempotent; nothing that was signed is touched."""


class AgreementList(Protocol):
    """Contracts of a CRM that something happens to: what was signed or agreed, and what comes to its end."""

    @operation("GET", "/changes/agreements", raises=(Invalid,))
    async def agreement_changes(self, since: str, limit: PageSize = PAGE) -> Page[RecordChange]:
        """Contracts in force that were changed since a watermark, or an agreed amendment of which was; oldest first.

        Each is told by the contract's id, at the stamp of whichever was changed. One without an executed document, and
        an amendment that is not agreed, are nobody's business yet. A page may hold twice the limit.
        """

    @operation("GET", "/ending-agreements", raises=(Invalid,))
    async def ending_agreements(self, first: date, last: date) -> list[str]:
        """Ids of contracts in force that an end between two days, both in it, is said of: by themselves or by an agreed
        amendment. Which end holds, the contract read with its amendments says."""


class ContractTerms(Protocol):
    """Billable contracts in an ERP, line by line, amendments as differences with the days they take effect."""

    @operation("GET", "/contracts/by-key/{key}/terms", raises=(NotFound,))
    async def contract_terms(self, key: str) -> Contract:
        """One contract by our key, with its lines and those of each amendment; its value is what they sum to."""

    @operation("PUT", "/contracts/by-key/{key}/terms", raises=(Invalid, Conflict))
    async def set_contract_terms(self, key: str, data: Contract) -> Written:
        """Make the contract hold these lines and amendments, `account_id` being the ERP's customer. Idempotent.

        Lines are added and never replaced once anything is billed. An amendment that is left out is taken back: its
        lines come to nothing. A cancelled contract is closed. `Conflict` where a billed line would change, or the order
        belongs to another legal entity or is in another currency.
        """
