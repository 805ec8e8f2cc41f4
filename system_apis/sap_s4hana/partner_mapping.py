"""Business partners that are customers <-> canonical; pure, as `mapping` is."""

from canonical.lengths import cut, whole
from canonical.objects import Address, Credit, Customer, TaxProfile, TaxRegistration
from system_apis.sap_s4hana import codes, partner_wire, wire
from system_apis.sap_s4hana.lengths import CITY, NAME, STREET, TAX_NUMBER
from system_apis.sap_s4hana.mapping import source, xrefs
from system_apis.sap_s4hana.odata import SYSTEM


def customer(found: partner_wire.Partner, *, legal_entity: str, entity: wire.Entity | None = None) -> Customer:
    """A business partner that is a customer. Currency and terms are those of `entity`'s sales area, else the first."""
    area = next((each for each in _areas(found) if entity is None or _is_of(each, entity)), None)
    sides = found.to_business_partner_address.results
    name = " ".join(text for text in (found.organization_bp_name1, found.organization_bp_name2) if text)
    return Customer(
        id=found.business_partner,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.business_partner, _key_of(found)),
        source=source(found.metadata, found.last_change_date),
        lifecycle="closed" if found.business_partner_is_blocked or found.is_marked_for_archiving else "active",
        legal_name=name,
        trading_name=name,
        number=found.to_customer.customer if found.to_customer else "",
        addresses=[_address(each, first=place == 0) for place, each in enumerate(sides)],
        tax_registrations=_registrations(found),
        default_currency=area.currency if area else "",
        payment_terms=codes.terms_said(area.customer_payment_terms) if area else "",
        credit=_credit(found),
        email=next((mail.email_address for side in sides for mail in side.to_email_address.results), ""),
    )


def buys(found: partner_wire.Partner, entity: wire.Entity) -> bool:
    """Whether it was extended to the sales area and the company code of a legal entity."""
    companies = found.to_customer.to_customer_company.results if found.to_customer else []
    known = any(each.company_code == entity.company_code for each in companies)
    return known and any(_is_of(each, entity) for each in _areas(found))


def tax_profile(found: partner_wire.Partner, *, legal_entity: str) -> TaxProfile:
    """The tax standing SAP knows: with a tax number it is valid, without one unverified."""
    registrations = _registrations(found)
    sides = found.to_business_partner_address.results
    return TaxProfile(
        id=found.business_partner,
        legal_entity_id=legal_entity,
        xrefs=xrefs(found.business_partner, _key_of(found)),
        source=source(found.metadata, found.last_change_date),
        account_id=found.business_partner,
        jurisdiction=registrations[0].country if registrations else next((each.country for each in sides), ""),
        registrations=registrations,
        status="valid" if registrations else "unverified",
    )


def partner_draft(key: str, data: Customer, entity: wire.Entity) -> partner_wire.PartnerDraft:
    """What a create writes. Credit is the ERP's own and is never written."""
    bill = next((each for each in data.addresses if each.role == "bill"), None)
    address = partner_wire.AddressDraft(
        **_fields(address_head(bill)),
        to_email_address=[partner_wire.EmailHead(email_address=data.email)] if data.email else [],
    )
    return partner_wire.PartnerDraft(
        organization_bp_name1=cut(data.legal_name, NAME),
        business_partner_category="2",
        to_business_partner_role=[partner_wire.Role(business_partner_role=role) for role in codes.CUSTOMER_ROLES],
        to_business_partner_address=[address] if bill else [],
        to_business_partner_tax=tax_numbers(data),
        to_bu_pa_identification=[
            partner_wire.IdentificationDraft(bp_identification_type=codes.KEY_TYPE, bp_identification_number=key)
        ],
        to_customer=partner_wire.CustomerDraft(
            to_customer_company=[company(entity)], to_customer_sales_area=[area(data, entity)]
        ),
    )


def address_head(bill: Address | None) -> partner_wire.AddressHead:
    """A postal address: the first line is the street, the rest stands before it."""
    if bill is None:
        return partner_wire.AddressHead()
    first, *rest = bill.lines or [""]
    return partner_wire.AddressHead(
        street_name=cut(first, STREET),
        street_prefix_name=cut(", ".join(rest), CITY),
        city_name=cut(bill.city, CITY),
        postal_code=bill.postal,
        region=bill.subdivision,
        country=bill.country,
    )


def tax_numbers(data: Customer) -> list[partner_wire.TaxNumber]:
    """Each registration under its category."""
    return [
        partner_wire.TaxNumber(
            bp_tax_type=codes.tax_type(each.country, each.scheme),
            bp_tax_number=whole(each.number, TAX_NUMBER, f"/tax_registrations/{place}/number", system=SYSTEM),
        )
        for place, each in enumerate(data.tax_registrations)
    ]


def company(entity: wire.Entity) -> partner_wire.Company:
    """A customer of a legal entity, in accounting."""
    return partner_wire.Company(company_code=entity.company_code, reconciliation_account=entity.reconciliation_account)


def area(data: Customer, entity: wire.Entity) -> partner_wire.SalesArea:
    """And in sales."""
    return partner_wire.SalesArea(
        currency=data.default_currency,
        customer_payment_terms=codes.terms(data.payment_terms),
        sales_organization=entity.sales_organization,
        distribution_channel=entity.distribution_channel,
        division=entity.organization_division,
    )


def _fields(head: partner_wire.AddressHead) -> dict[str, str]:
    return {name: getattr(head, name) for name in head.__struct_fields__}


def _areas(found: partner_wire.Partner) -> list[partner_wire.SalesArea]:
    return found.to_customer.to_customer_sales_area.results if found.to_customer else []


def _is_of(found: partner_wire.SalesArea, entity: wire.Entity) -> bool:
    return found.sales_organization == entity.sales_organization


def _key_of(found: partner_wire.Partner) -> str:
    names = found.to_bu_pa_identification.results
    return next((each.bp_identification_number for each in names if each.bp_identification_type == codes.KEY_TYPE), "")


def _address(found: partner_wire.Address, *, first: bool) -> Address:
    return Address(
        role="bill" if first else "ship",
        lines=[text for text in (found.street_name, *found.street_prefix_name.split(", ")) if text],
        city=found.city_name,
        subdivision=found.region,
        postal=found.postal_code,
        country=found.country,
    )


def _registrations(found: partner_wire.Partner) -> list[TaxRegistration]:
    made = []
    for each in found.to_business_partner_tax.results:
        country, scheme = codes.tax_meaning(each.bp_tax_type)
        made.append(TaxRegistration(country=country, scheme=scheme, number=each.bp_tax_number, status="valid"))
    return made


def _credit(found: partner_wire.Partner) -> Credit:
    block = found.to_customer.order_is_blocked_for_customer if found.to_customer else ""
    return Credit(hold=True, reason=f"Its orders are blocked in SAP (reason {block}).") if block else Credit()
