"""SuiteQL rows as records of the record API, for one mapping to serve both. Values are texts; nulls are missing."""

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec

from canonical.faults import Drifted
from canonical.ports.lists import RecordChange
from system_apis.netsuite import wire


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """What every row of ours has."""

    id: str
    changed: str = ""
    externalid: str = ""


class Changed(Row, frozen=True, kw_only=True):
    """A record as the poll sees it."""


class Customer(Row, frozen=True, kw_only=True):
    """A customer."""

    entityid: str = ""
    companyname: str = ""
    email: str = ""
    subsidiary: str = ""
    currency: str = ""
    terms: str = ""
    vatregnumber: str = ""
    isinactive: str = "F"
    custentity_tg_tax_country: str = ""
    custentity_tg_tax_scheme: str = ""


class Job(Row, frozen=True, kw_only=True):
    """A project."""

    entityid: str = ""
    companyname: str = ""
    parent: str = ""
    subsidiary: str = ""
    currency: str = ""
    entitystatus: str = ""
    isinactive: str = "F"
    estimatedrevenue: Decimal | None = None
    startdate: date | None = None
    projectedenddate: date | None = None
    custentity_tg_opportunity: str = ""
    custentity_tg_contract: str = ""
    custentity_tg_method: str = ""
    custentity_tg_pm: str = ""
    custentity_tg_practice: str = ""


class Transaction(Row, frozen=True, kw_only=True):
    """An invoice or a credit memo; the amounts of the latter are negative here."""

    type: str = ""
    tranid: str = ""
    trandate: date | None = None
    duedate: date | None = None
    entity: str = ""
    subsidiary: str = ""
    currency: str = ""
    otherrefnum: str = ""
    memo: str = ""
    job: str = ""
    approvalstatus: str = ""
    foreigntotal: Decimal = Decimal(0)
    foreignamountunpaid: Decimal = Decimal(0)
    custbody_tg_contract: str = ""
    custbody_tg_corrects: str = ""


def instant(text: str) -> datetime | None:
    """An instant as our queries ask for it: UTC, whole seconds."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError as wrong:
        raise Drifted(f"{text[:40]!r} is no instant as it was asked for", system="netsuite") from wrong


def change(row: Changed) -> RecordChange:
    """A record the poll found."""
    changed = instant(row.changed)
    if changed is None:
        raise Drifted("a record has no instant of its last change", system="netsuite")
    return RecordChange(native_id=row.id, version=changed.isoformat(), changed_at=changed)


def customer(row: Customer, terms: str) -> wire.Customer:
    """A customer without its addresses and its credit."""
    return wire.Customer(
        id=row.id,
        external_id=row.externalid,
        entity_id=row.entityid,
        company_name=row.companyname,
        email=row.email,
        terms=wire.Ref(id=row.terms, ref_name=terms),
        vat_reg_number=row.vatregnumber,
        is_inactive=row.isinactive == "T",
        last_modified_date=instant(row.changed),
        custentity_tg_tax_country=row.custentity_tg_tax_country,
        custentity_tg_tax_scheme=row.custentity_tg_tax_scheme,
    )


def job(row: Job) -> wire.Job:
    """A project."""
    return wire.Job(
        id=row.id,
        external_id=row.externalid,
        entity_id=row.entityid,
        company_name=row.companyname,
        parent=wire.Ref(id=row.parent),
        entity_status=wire.Ref(id=row.entitystatus),
        is_inactive=row.isinactive == "T",
        estimated_revenue=row.estimatedrevenue,
        start_date=row.startdate,
        projected_end_date=row.projectedenddate,
        last_modified_date=instant(row.changed),
        custentity_tg_opportunity=row.custentity_tg_opportunity,
        custentity_tg_contract=row.custentity_tg_contract,
        custentity_tg_method=row.custentity_tg_method,
        custentity_tg_pm=row.custentity_tg_pm,
        custentity_tg_practice=row.custentity_tg_practice,
    )
