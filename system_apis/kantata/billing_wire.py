"""Kantata's invoices and rate cards, only the fields we read. `wire` holds the rest, and what is written."""

import msgspec


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What an invoice bills besides time and expenses: a fixed fee, or anything else."""

    id: str
    amount_in_cents: int
    currency: str
    notes: str | None = None


class BillingMilestone(msgspec.Struct, frozen=True, kw_only=True):
    """An amount that becomes due on a day, or with a story."""

    id: str
    amount_in_cents: int
    currency: str
    title: str | None = None
    workspace_id: str | None = None


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """What a customer was billed there. What it bills is told only when it is included."""

    id: str
    status: str
    draft: bool = False
    title: str | None = None
    user_invoice_number: int | str | None = None
    user_invoice_title: str | None = None
    invoice_date: str
    due_date: str | None = None
    purchase_order: str | None = None
    currency: str
    balance_in_cents: int | None = None
    workspace_ids: list[str] = []
    time_entry_ids: list[str] = []
    expense_ids: list[str] = []
    billing_milestone_ids: list[str] = []
    fixed_fee_item_ids: list[str] = []
    additional_item_ids: list[str] = []
    external_reference_ids: list[str] = []
    updated_at: str = ""


class RateCardSet(msgspec.Struct, frozen=True, kw_only=True):
    """A price list, in whichever currencies."""

    id: str
    title: str


class RateCard(msgspec.Struct, frozen=True, kw_only=True):
    """One currency of a set: what a workspace is worked under."""

    id: str
    currency: str
    rate_card_set_id: str | None = None
    rate_card_version_ids: list[str] = []
    updated_at: str = ""


class RateCardSetVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A set from a day on, once it is published (`active`). The first one may have no day: it was always so."""

    id: str
    active: bool = False
    effective_date: str | None = None


class RateCardVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A card in one version of its set. Its default rate is for roles that have none of their own."""

    id: str
    rate_card_id: str | None = None
    rate_card_set_version_id: str | None = None
    rate_card_role_ids: list[str] = []


class RateCardRole(msgspec.Struct, frozen=True, kw_only=True):
    """What an hour of a role costs, in minor units of the card's currency."""

    id: str
    rate: int
    role_id: str | None = None


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody works as."""

    id: str
    name: str


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """Expenses handed in together, of one workspace: what people call an expense report."""

    id: str
    status: str
    """`pending`, `approved`, `rejected` or `cancelled`."""
    expense_ids: list[str] = []
    updated_at: str = ""
