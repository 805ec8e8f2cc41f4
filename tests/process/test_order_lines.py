"""What quote-to-order makes of a quote's lines, to the cent, and what its guards say: asked without any system."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from canonical.money import Money
from canonical.objects import (
    Component,
    Credit,
    CrmOrder,
    CrmOrderLine,
    Customer,
    Item,
    LegalEntity,
    Opportunity,
    OrderStatus,
    Period,
    Quote,
    QuoteLine,
    SalesOrder,
    Stage,
    TaxProfile,
    TaxRegistration,
)
from process_apis.quote_to_order.guards import Evidence, judge
from process_apis.quote_to_order.objects import Offer, order_day, order_lines

TODAY = date(2026, 11, 28)
ITEMS = {
    "A": Item(code="A", name="Analyst", tax_category="S"),
    "E": Item(code="E", name="Engineer", tax_category="S"),
    "L": Item(code="L", name="Lead", tax_category="S"),
    "DISCOUNT": Item(code="DISCOUNT", name="Discount", kind="discount", tax_category="S"),
    "KIT": Item(
        code="KIT",
        name="Kick-off",
        kind="bundle",
        components=[Component(code=code, qty=Decimal(qty)) for code, qty in (("L", 1), ("E", 2), ("A", 4))],
    ),
}


def eur(amount: str) -> Money:
    return Money.of(amount, "EUR")


def line(seq: int, code: str, qty: str, price: str, **more: Any) -> QuoteLine:
    net = eur(str(Decimal(qty) * Decimal(price)))
    return QuoteLine(seq=seq, item=code, code=code, qty=Decimal(qty), unit_price=eur(price), net=net, **more)


def quote(*lines: QuoteLine, **more: Any) -> Quote:
    total = eur(str(sum((each.net.amount for each in lines), Decimal(0))))
    plain: dict[str, Any] = {
        "id": "Q1",
        "number": "Q-1",
        "opportunity_id": "D",
        "currency": "EUR",
        "status": "accepted",
    }
    return Quote(**plain | {"total": total, "signed_on": TODAY, "lines": list(lines)} | more)


def nets(made: Quote) -> list[str]:
    return [f"{each.code} {each.net.amount}" for each in order_lines(made, ITEMS)]


def offering(
    offered: Quote,
    *,
    opportunity: Any = None,
    account: Any = None,
    revisions: Any = (),
    orders: Any = (),
    **seen: Any,
) -> tuple[Offer, Evidence]:
    """A quote and what its guards see besides."""
    deal = Opportunity(
        name="Dock",
        account_id="1",
        legal_entity_id="ACME-DE",
        stage=Stage(code="won", category="won"),
        amount=eur("1"),
        close_date=TODAY,
        po_number="PO-1",
    )
    taxed = TaxRegistration(country="DE", scheme="USt-IdNr", number="DE123456788", status="valid")
    customer = Customer(legal_name="Werft", tax_registrations=[taxed], po_required=True)
    offer = Offer(
        quote=offered,
        opportunity=msgspec.structs.replace(deal, **opportunity or {}),
        account=msgspec.structs.replace(customer, **account or {}),
        revisions=[offered, *revisions],
        orders=list(orders),
    )
    entity = LegalEntity(code="ACME-DE", legal_name="Acme", country="DE", functional_currency="EUR", time_zone="UTC")
    return offer, Evidence(**{"entity": entity, "today": TODAY, "items": ITEMS} | seen)


def refused(offered: Quote, **changes: Any) -> list[str]:
    """The rules that say no."""
    return [each.rule for each in judge(*offering(offered, **changes)) if each.outcome == "failed"]


EXPIRED = TaxProfile(
    account_id="1",
    jurisdiction="DE",
    registrations=[TaxRegistration(country="DE", scheme="VAT", number="1")],
    status="expired",
)


def ordered(status: OrderStatus) -> SalesOrder:
    return SalesOrder(account_id="1", currency="EUR", ordered_on=TODAY, status=status)


GOOD = quote(line(1, "E", "2", "150"))


def in_crm(qty: str = "2", total: str = "300", code: str = "E", **more: Any) -> CrmOrder:
    """An order the CRM has of it, with one line."""
    priced = {"unit_price": eur("150"), "net": eur(total)}
    plain: dict[str, Any] = {"number": "00000101", "currency": "EUR", "total": eur(total), "status": "open"}
    lines = [CrmOrderLine(seq=1, item=code, code=code, qty=Decimal(qty), **priced)]
    return CrmOrder(**plain | {"lines": lines} | more)


def test_edge_3_what_rounding_leaves_goes_on_the_largest_line() -> None:
    made = quote(line(1, "E", "1", "33.335"), line(2, "A", "3", "11.115"), line(3, "E", "1", "33.335"))
    # Each rounds up, to 100.03; 100.015 was agreed, which is 100.02 in cents.
    assert nets(made) == ["E 33.34", "A 33.34", "E 33.34"]
    assert refused(made) == []
    off = msgspec.structs.replace(made, total=eur("100.04"))
    assert refused(off) == ["quote_total"]


def test_edge_4_a_bundle_is_priced_by_what_its_parts_cost_alone_or_evenly_and_sums_exactly() -> None:
    made = quote(line(1, "KIT", "3", "33.34"), line(2, "A", "1", "10"))
    assert nets(made) == ["L 14.29", "E 28.58", "A 57.15", "A 10.00"]
    assert [each.qty for each in order_lines(made, ITEMS)] == [3, 6, 12, 1]
    priced = ITEMS | {code: msgspec.structs.replace(ITEMS[code], price=eur("10")) for code in ("L", "E")}
    priced["A"] = msgspec.structs.replace(ITEMS["A"], price=eur("17.50"))
    assert [each.net.amount for each in order_lines(made, priced)][:3] == [
        Decimal(each) for each in ("10.00", "20.00", "70.02")
    ]
    assert refused(made, items={"KIT": msgspec.structs.replace(ITEMS["KIT"], components=[]), "A": ITEMS["A"]}) == [
        "items"
    ]


def test_edge_5_tax_in_a_price_is_taken_out_once_for_the_whole_order() -> None:
    made = quote(*(line(seq, "E", "1", "9.99", tax_rate=Decimal("0.19")) for seq in (1, 2, 3)), tax_included=True)
    # 9.99 is 8.39 net, three times 25.17; but 29.97 with 19 % in it is 25.18.
    assert sorted(nets(made)) == ["E 8.39", "E 8.39", "E 8.40"]
    assert refused(quote(line(1, "E", "1", "9.99"), tax_included=True)) == ["tax_included"]


def test_edge_8_free_and_negative_lines_are_ordered_as_what_they_are() -> None:
    made = quote(line(1, "E", "2", "150"), line(2, "A", "5", "0"), line(3, "DISCOUNT", "1", "-20.50"))
    assert (nets(made), refused(made)) == (["E 300.00", "A 0.00", "DISCOUNT -20.50"], [])
    assert refused(quote(line(1, "E", "2", "150"), line(2, "A", "1", "-1"))) == ["line_amounts"]
    assert refused(quote(line(1, "DISCOUNT", "1", "-1"))) == ["line_amounts"]


def test_edge_10_the_order_is_dated_as_the_signature_unless_that_period_is_closed() -> None:
    periods = [
        Period(name="Oct", start=date(2026, 10, 1), end=date(2026, 10, 31), open=False),
        Period(name="Nov", start=date(2026, 11, 1), end=date(2026, 11, 30), open=True),
    ]
    entity = LegalEntity(
        code="X", legal_name="X", country="DE", functional_currency="USD", time_zone="UTC", periods=periods
    )

    def day(signed: date | None) -> date:
        return order_day(msgspec.structs.replace(GOOD, signed_on=signed), entity, TODAY)

    assert day(date(2026, 11, 3)) == date(2026, 11, 3)
    assert {day(date(2026, 10, 31)), day(None), day(date(2026, 12, 1))} == {TODAY}


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("legal_entity", {"entity": None}),
        ("legal_entity", {"opportunity": {"legal_entity_id": ""}}),
        ("quote_accepted", {"offered": msgspec.structs.replace(GOOD, status="presented")}),
        ("latest_revision", {"revisions": [msgspec.structs.replace(GOOD, id="Q2", revision=2, status="approved")]}),
        ("latest_revision", {"revisions": [msgspec.structs.replace(GOOD, id="Q2", order_number="SO1")]}),
        ("signed", {"offered": msgspec.structs.replace(GOOD, signed_on=None)}),
        ("validity", {"offered": msgspec.structs.replace(GOOD, valid_to=date(2026, 11, 27))}),
        ("expired", {"offered": msgspec.structs.replace(GOOD, valid_to=date(2026, 10, 28))}),
        ("discount_authority", {"offered": quote(line(1, "E", "1", "84.99", list_price=eur("100")))}),
        ("margin_floor", {"offered": msgspec.structs.replace(GOOD, cost=eur("270.01"))}),
        ("currency", {"opportunity": {"price_list_currency": "USD"}}),
        ("currency", {"erp_customer": Customer(legal_name="W", default_currency="USD")}),
        ("items", {"offered": quote(line(1, "X", "1", "1"))}),
        ("items", {"offered": quote(line(1, "", "1", "1"))}),
        ("items", {"offered": quote()}),
        ("active_items", {"items": ITEMS | {"E": msgspec.structs.replace(ITEMS["E"], lifecycle="closed")}}),
        ("list_price", {
            "offered": quote(line(1, "E", "2", "150", list_price=eur("150"))),
            "items": ITEMS | {"E": msgspec.structs.replace(ITEMS["E"], price=eur("151"))},
        }),
        ("tax_class", {"items": ITEMS | {"E": msgspec.structs.replace(ITEMS["E"], tax_category="")}}),
        ("tax_profile", {"account": {"tax_registrations": []}}),
        ("tax_profile", {"tax_profile": EXPIRED}),
        ("second_customer", {"alike": ["CASE-0007"]}),
        ("credit_hold", {"erp_customer": Customer(legal_name="W", credit=Credit(hold=True))}),
        ("credit_limit", {"erp_customer": Customer(legal_name="W", credit=Credit(limit=eur("299.99")))}),
        ("purchase_order", {"opportunity": {"po_number": ""}}),
        ("earlier_order", {"earlier": [ordered("billed")]}),
        ("billed_once", {"contract_order": ordered("open")}),
        ("currency", {"orders": [in_crm(currency="USD", total="300")]}),
        ("crm_order", {"orders": [in_crm(total="299.99")]}),
        ("crm_order", {"orders": [in_crm(qty="1")]}),
        ("crm_order", {"orders": [in_crm(code="A")]}),
        ("crm_order", {"orders": [in_crm(), in_crm()]}),
        ("crm_order", {"orders": [in_crm(erp_number="SO-77")]}),
        ("crm_order", {"orders": [in_crm(status="billed")]}),
    ],
)  # fmt: skip
def test_one_thing_wrong_is_one_guard_that_says_no(rule: str, changes: dict[str, Any]) -> None:
    assert refused(changes.pop("offered", GOOD), **changes) == [rule]


def test_what_is_just_within_its_bounds_passes() -> None:
    good = quote(line(1, "E", "1", "85", list_price=eur("100")), cost=eur("76.50"), valid_to=TODAY)
    limit = Customer(legal_name="W", default_currency="EUR", credit=Credit(limit=eur("85")))
    assert refused(good, erp_customer=limit) == []
    approved = quote(line(1, "E", "1", "50", list_price=eur("100")), approved_discount=Decimal("0.5"))
    assert refused(approved) == []
    gone = ordered("cancelled")
    drafted = msgspec.structs.replace(GOOD, id="Q2", revision=2, status="draft")
    assert refused(GOOD, earlier=[gone], contract_order=gone, revisions=[drafted]) == []


def test_an_order_of_the_crm_that_is_the_quotes_passes_in_one_or_in_parts() -> None:
    rounded = quote(line(1, "E", "1", "33.335"), line(2, "A", "3", "11.115"))
    parts = [in_crm("1", "33.34"), in_crm("3", "33.345", "A", status="draft")]
    assert refused(rounded, orders=parts) == [], "cents by rounding alone"
    assert refused(GOOD, orders=[in_crm("1", "300", "")]) == [], "what is written in by hand has its sum only"
    assert refused(GOOD, orders=[in_crm(total="300", lines=[])]) == []
    own = msgspec.structs.replace(ordered("open"), number="SO-77")
    ours = in_crm(erp_number="SO-77", status="billed")
    assert refused(GOOD, orders=[ours], own_order=own) == []
    earlier = msgspec.structs.replace(ordered("open"), number="SO-76")
    assert refused(GOOD, orders=[in_crm(erp_number="SO-76")], earlier=[earlier]) == [], "it is cancelled by this one"
