"""`products`: a client from outside calls what its product includes, and nothing else.

Which clients have which product, and what it includes, stands in `policies/products/*.yaml`. A product only narrows:
the scopes of the operation are asked for all the same. A tier's own workload has no product.
"""

from gateway.call import Call
from gateway.noun import Noun, Rule, Site
from gateway.refusals import NotInProduct


class ProductRule(Rule):
    """Which clients reach one operation."""

    refuses = (NotInProduct,)

    def __init__(self, site: Site) -> None:
        super().__init__(site.where())
        self._products = site.products

    def admit(self, call: Call) -> None:
        caller = call.caller
        if caller is None or caller.layer != "external":
            return
        product = self._products.get(caller.client)
        if product is None:
            raise NotInProduct(f"The client {caller.client!r} has no product; list it under clients of one.")
        if call.governed.id not in product.includes:
            raise NotInProduct(
                f"The product {product.name!r} of the client {caller.client!r} does not include this operation.",
                policy=product.where,
                product=product.name,
            )
        call.product = product


def build(site: Site) -> Rule | None:
    """Nothing for a public operation, nor for a system API, which no client from outside reaches."""
    return None if site.said("public") or site.api.layer == "system" else ProductRule(site)


NOUN = Noun(name="products", stage="product", build=build)
