"""The API catalogue (RFC 9727) as a link set (RFC 9264): every offered API version, and what is known of it where.

item               the API's own address
service-desc       its contract, OpenAPI 3.1                                (RFC 8631)
service-doc        its page, for people                                     (RFC 8631)
status             its life and whether it answers now                      (RFC 8631)
successor-version  the version to move to, where it is offered             (RFC 5829)
deprecation        the owner's text on moving                               (RFC 9745)
"""

from collections.abc import Mapping
from typing import Any, Final

from gateway.publishing.offers import Offer

PATH: Final = "/.well-known/api-catalog"
PROFILE: Final = "https://www.rfc-editor.org/info/rfc9727"
MEDIA_TYPE: Final = f'application/linkset+json; profile="{PROFILE}"'
OPENAPI: Final = "application/openapi+json"
PAGES: Final = "/apis"
"""Below it, everything of one API version: its page, its contract, its status."""


def linkset(offers: Mapping[str, Offer], site: str) -> dict[str, Any]:
    """The whole document; `site` is the address callers know us by, without a slash at its end."""
    items = [
        {"href": address(offer, site), "title": f"{offer.api.title} v{offer.api.major}"} for offer in offers.values()
    ]
    catalogue = {"anchor": site + PATH, "item": items}
    return {"linkset": [catalogue, *(_context(offer, offers, site) for offer in offers.values())]}


def address(offer: Offer, site: str) -> str:
    """Where the API itself is called."""
    return site + offer.api.prefix


def page(offer: Offer, site: str) -> str:
    """Its page for people."""
    return f"{site}{PAGES}/{offer.api.key}"


def contract(offer: Offer, site: str) -> str:
    """Its contract."""
    return f"{page(offer, site)}/openapi.json"


def status(offer: Offer, site: str) -> str:
    """How it stands."""
    return f"{page(offer, site)}/status"


def _context(offer: Offer, offers: Mapping[str, Offer], site: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "anchor": address(offer, site),
        "service-desc": [{"href": contract(offer, site), "type": OPENAPI}],
        "service-doc": [{"href": page(offer, site), "type": "text/html"}],
        "status": [{"href": status(offer, site), "type": "application/json"}],
    }
    if (successor := offer.successor(offers)) is not None:
        found["successor-version"] = [{"href": address(successor, site)}]
    if offer.version.guide and offer.version.deprecated_on is not None:
        found["deprecation"] = [{"href": offer.version.guide, "type": "text/html"}]
    return found
