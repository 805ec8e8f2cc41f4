"""Rate card sets as rate cards: the package has one card a role. Pure but for the day: what has ended is no price."""

from collections.abc import Sequence
from typing import Final

from canonical.base import Source, Xref
from canonical.dates import now
from canonical.objects import Rate, RateCard
from foundation.vendor_values import currency, instant, money
from system_apis.certinia.effort_wire import Card, CardSet, InSet
from system_apis.certinia.mapping import SYSTEM

HOURS: Final = "HUR"


def rate_card(found: CardSet, members: Sequence[InSet]) -> RateCard:
    """A set with the prices that are in force or to come; a card without a role or a price says nothing."""
    cards = [each.card for each in members if each.card]
    return RateCard(
        id=found.id,
        xrefs=[Xref(system=SYSTEM, native_id=found.id)],
        source=Source(
            system=SYSTEM,
            native_version=found.system_modstamp,
            updated_at=instant(found.system_modstamp, system=SYSTEM),
        ),
        name=found.name,
        currency=currency(found.currency_iso_code, system=SYSTEM),
        rates=[rate for card in cards if (rate := _rate(card))],
    )


def _rate(card: Card) -> Rate | None:
    ended = card.end is not None and card.end < now().date()
    if ended or not card.role or card.price is None:
        return None
    price = money(card.price, card.currency_iso_code, system=SYSTEM)
    return Rate(role=card.role, price=price, unit=HOURS, valid_from=card.start)
