"""Guards of account sync, as data: what no table of owners can allow. All run before the first write, and all are told.

A guard that blocks stops every write of this account; one that warns is told with the outcome.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from process_apis.cross_references.terms import countries_of
from process_apis.judging import Guard

TAX_FORMS: Final[Mapping[str, str]] = {
    # EU: the formats of VIES (europa.eu/youreurope, "Check a VAT number"); others: the issuing authority's.
    "AT": r"(AT)?U\d{8}",
    "BE": r"(BE)?[01]?\d{9}",
    "CH": r"(CHE)?\d{9}(MWST|TVA|IVA)?",
    "DE": r"(DE)?\d{9}",
    "DK": r"(DK)?\d{8}",
    "ES": r"(ES)?[A-Z0-9]\d{7}[A-Z0-9]",
    "FI": r"(FI)?\d{8}",
    "FR": r"(FR)?[A-HJ-NP-Z0-9]{2}\d{9}",
    "GB": r"(GB)?(\d{9}|\d{12}|GD\d{3}|HA\d{3})",
    "IE": r"(IE)?\d[A-Z0-9+*]\d{5}[A-Z]{1,2}",
    "IN": r"\d{2}[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]",
    "IT": r"(IT)?\d{11}",
    "LU": r"(LU)?\d{8}",
    "NL": r"(NL)?\d{9}B\d{2}",
    "PL": r"(PL)?\d{10}",
    "SE": r"(SE)?\d{12}",
    "US": r"\d{9}",
}
_BANK: Final = re.compile(r"bank|iban|(?:^|_)bic(?:_|$)|swift|remit|account_no", re.IGNORECASE)


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """One record that is to be written."""

    name: str
    role: str
    before: Any
    after: Any
    fields: Mapping[str, Any]
    """Field to its new value, as the merge says."""
    origins: Mapping[str, str] = {}
    """Field to the role its value comes from."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one sync of one customer, or of one person, would write."""

    targets: list[Target]
    ancestors: list[str] = []
    """Canonical ids above this account, through all systems, nearest first."""
    canonical_id: str = ""


def _named(proposal: Proposal) -> Iterator[str]:
    """A record would have no legal name."""
    for target in proposal.targets:
        if not target.after.legal_name.strip():
            yield f"{target.name} would have no legal name."


def _somewhere(proposal: Proposal) -> Iterator[str]:
    """A customer of the ERP would have no country."""
    for target in proposal.targets:
        registered = any(each.country for each in target.after.tax_registrations)
        if target.role == "erp" and not countries_of(target.after) and not registered:
            yield f"{target.name} would have no country, so no invoice could be taxed."


def _tax_numbers(proposal: Proposal) -> Iterator[str]:
    """A tax number has not the form of its country."""
    for target in proposal.targets:
        if "tax_registrations" not in target.fields:
            continue
        for each in target.after.tax_registrations:
            form, number = TAX_FORMS.get(each.country), re.sub(r"[\s./-]", "", each.number.upper())
            if form is not None and not re.fullmatch(form, number):
                yield f"{target.name}: the tax number is not one of {each.country}."


def _parents(proposal: Proposal) -> Iterator[str]:
    """An account would be its own parent, through all systems."""
    if proposal.canonical_id in proposal.ancestors:
        way = " under ".join([proposal.canonical_id, *proposal.ancestors])
        yield f"It is its own parent: {way}."


def _limit(proposal: Proposal) -> Iterator[str]:
    """A credit limit would be lowered from outside the ERP."""
    for target in proposal.targets:
        before, after = target.before.credit.limit, target.after.credit.limit
        if target.role != "erp" or before is None or target.origins.get("credit.limit") == "erp":
            continue
        if after is None or after.currency != before.currency or after < before:
            yield f"{target.name}: the credit limit of {before} would be lowered from outside the ERP."


def _hold(proposal: Proposal) -> Iterator[str]:
    """A credit hold would be cleared from outside the ERP."""
    for target in proposal.targets:
        cleared = target.before.credit.hold and not target.after.credit.hold
        if target.role == "erp" and cleared and target.origins.get("credit.hold") != "erp":
            yield f"{target.name}: a credit hold would be cleared from outside the ERP."


def _bank(proposal: Proposal) -> Iterator[str]:
    """Bank data would come from outside the ERP."""
    for target in proposal.targets:
        for field in target.fields:
            if target.role == "erp" and _BANK.search(field) and target.origins.get(field) != "erp":
                yield f"{target.name}: {field} would come from outside the ERP."


GUARDS: Final[tuple[Guard[[Proposal]], ...]] = (
    Guard("legal_name", "Account steward", _named),
    Guard("country", "Account steward", _somewhere),
    Guard("tax_number", "Finance master data", _tax_numbers),
    Guard("parent_cycle", "Account steward", _parents),
    Guard("credit_limit", "Credit control", _limit),
    Guard("credit_hold", "Credit control", _hold),
    Guard("bank_data", "Treasury", _bank),
)
