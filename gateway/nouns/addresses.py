"""`addresses: [203.0.113.0/24, 2001:db8::/32]`: from which networks an operation may be called.

At an operation it is asked of whoever calls from outside; for a whole API it stands in its `defaults`. In a product's
file it is asked of the product's clients, wherever they call; where both say it, both must hold. A tier of ours is not
asked. Behind proxies, `proxies: {peers: [10.0.0.0/24]}` in platform.yaml says which of them are believed to tell the
client's address, in `Forwarded` (RFC 7239); nobody else is.
"""

from canonical.faults import Fault
from gateway import networks
from gateway.call import Call
from gateway.networks import AddressRefused, Network, Proxies
from gateway.noun import Noun, Rule, Site


class AddressRule(Rule):
    """The networks one operation may be called from, and those of each product that includes it."""

    refuses: tuple[type[Fault], ...] = (AddressRefused,)

    def __init__(self, where: str, listed: tuple[Network, ...]) -> None:
        super().__init__(where)
        self.listed = listed
        """Those the operation itself lists."""

    def admit(self, call: Call) -> None:
        http, caller, product = call.http, call.caller, call.product
        if http is None or (caller is not None and caller.layer != "external"):
            return
        address = networks.read(http.came_from or http.address)
        if self.listed and not networks.within(address, self.listed):
            raise AddressRefused(f"The operation may not be called from {address or networks.UNKNOWN}.")
        if product is not None and product.addresses and not networks.within(address, product.addresses):
            raise AddressRefused(
                f"The product {product.name!r} may not be used from {address or networks.UNKNOWN}.",
                policy=product.addresses_at,
                product=product.name,
            )


def build(site: Site) -> Rule | None:
    """Only where the operation, or a product that includes it, lists networks."""
    said: list[str] | None = site.said("addresses")
    listed: tuple[Network, ...] = ()
    if said is not None:
        try:
            listed = networks.networks(said)
        except ValueError as wrong:
            site.problem("addresses", f"addresses: {wrong}")
        if site.api.layer == "system":
            site.problem("addresses", "a system API is called by our own tiers only, which are not asked whence")
    key = f"{site.api.key}.{site.operation.id}"
    narrowed = any(product.addresses and key in product.includes for product in site.products.values())
    return AddressRule(site.where("addresses"), listed) if listed or narrowed else None


NOUN = Noun(name="addresses", stage="address", build=build, operation=list[str], platform={"proxies": Proxies | None})
