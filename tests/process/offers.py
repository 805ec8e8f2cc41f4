"""Quotes as people make them in a CRM, in our own words: whichever CRM it is, a test says the same.

A word that is none of ours is the CRM's own name of a field, and is passed on as it is.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, ClassVar

from foundation.sandbox import Box
from system_apis.dataverse.sandbox import org as dataverse
from system_apis.dataverse.sandbox.schema import TABLES
from system_apis.dataverse.sandbox.seed import SERVICES, bind, currency
from system_apis.salesforce.sandbox import org as salesforce

Said = Mapping[str, Any]
Line = dict[str, Any]
"""An item's code, how many of it, and at which price: `item`, `qty`, `price`, and what else is said of it."""


class Offers(ABC):
    """What the deal desk does in a CRM."""

    WORDS: ClassVar[Mapping[str, str]]
    """Our words to the CRM's names, of quotes and their lines."""

    def __init__(self, box: Box) -> None:
        self.box = box

    def later(self) -> None:
        """A second passes, which is as fine as a CRM stamps."""
        self.box.store.set_setting("_clock_ahead", self.box.store.setting("_clock_ahead", 0) + 1)

    def row(self, said: Said) -> dict[str, Any]:
        """What is said, in the CRM's names."""
        plain = {word: value.isoformat() if isinstance(value, date) else value for word, value in said.items()}
        return {self.WORDS.get(word, word): value for word, value in plain.items()}

    @abstractmethod
    def quote(self, deal: str) -> str:
        """The first quote of a deal."""

    @abstractmethod
    def quotes(self, deal: str) -> list[str]:
        """Every quote of a deal, the first one first."""

    @abstractmethod
    def rewrite(self, quote: str, lines: list[Line]) -> None:
        """The quote has these lines instead; a product that is not there is made."""

    @abstractmethod
    def edit(self, quote: str, said: Said) -> None:
        """Save a quote, a second later."""

    @abstractmethod
    def revise(self, deal: str, number: int, said: Said) -> str:
        """Another revision of a deal's quote, without a line yet, and offered to the customer."""

    @abstractmethod
    def accept(self, quote: str) -> None:
        """The customer accepts and signs it."""

    @abstractmethod
    def order(self, quote: str) -> str:
        """The order somebody makes of a quote, line by line; the one there is, where winning the quote made it."""

    @abstractmethod
    def reorder(self, order: str, lines: list[Line], said: Said | None = None) -> None:
        """An order has these lines instead, and these fields."""


class Salesforce(Offers):
    """The firm's org."""

    WORDS = {
        "currency": "CurrencyIsoCode",
        "cost": "Cost__c",
        "valid_to": "ExpirationDate",
        "signed_on": "Signed_On__c",
        "tax_included": "Tax_Included__c",
        "tax_rate": "Tax_Rate__c",
        "qty": "Quantity",
        "price": "UnitPrice",
        "erp_number": "ERP_Order_Number__c",
    }

    def quote(self, deal: str) -> str:
        return self.quotes(deal)[0]

    def quotes(self, deal: str) -> list[str]:
        return sorted(str(each["Id"]) for each in self.box.store.find("Quote", OpportunityId=deal))

    def rewrite(self, quote: str, lines: list[Line]) -> None:
        for each in self.box.store.find("QuoteLineItem", QuoteId=quote, IsDeleted=False):
            salesforce.delete(self.box, salesforce.kind_of("QuoteLineItem"), each["Id"])
        for place, line in enumerate(lines, 1):
            of = {"QuoteId": quote, "SortOrder": place, "Product2Id": self._product(line["item"])}
            said = {word: value for word, value in line.items() if word != "item"}
            salesforce.create(self.box, salesforce.kind_of("QuoteLineItem"), of | self.row(said))

    def edit(self, quote: str, said: Said) -> None:
        self.later()
        salesforce.update(self.box, salesforce.kind_of("Quote"), quote, self.row(said))

    def revise(self, deal: str, number: int, said: Said) -> str:
        first = self.box.store.get("Quote", self.quote(deal)) or {}
        kept = ("OpportunityId", "Name", "ExpirationDate", "CurrencyIsoCode", "Signed_On__c")
        fields = {name: first[name] for name in kept} | {"Status": "Presented", "Revision__c": number}
        return str(salesforce.create(self.box, salesforce.kind_of("Quote"), fields | self.row(said))["Id"])

    def accept(self, quote: str) -> None:
        self.edit(quote, {"Status": "Accepted"})

    def order(self, quote: str) -> str:
        of = self.box.store.get("Quote", quote) or {}
        deal = self.box.store.get("Opportunity", of["OpportunityId"]) or {}
        fields = {"AccountId": deal["AccountId"], "OpportunityId": deal["Id"], "QuoteId": quote}
        fields |= {"EffectiveDate": "2027-01-04", "CurrencyIsoCode": of["CurrencyIsoCode"]}
        made = str(salesforce.create(self.box, salesforce.kind_of("Order"), fields)["Id"])
        for line in self.box.store.find("QuoteLineItem", QuoteId=quote, IsDeleted=False):
            copied = {name: line[name] for name in ("Product2Id", "Quantity", "UnitPrice")}
            salesforce.create(self.box, salesforce.kind_of("OrderItem"), {"OrderId": made, **copied})
        return made

    def reorder(self, order: str, lines: list[Line], said: Said | None = None) -> None:
        for each in self.box.store.find("OrderItem", OrderId=order, IsDeleted=False) if lines else []:
            salesforce.delete(self.box, salesforce.kind_of("OrderItem"), each["Id"])
        for line in lines:
            of = {"OrderId": order, "Product2Id": self._product(line["item"])}
            fields = self.row({word: value for word, value in line.items() if word != "item"})
            salesforce.create(self.box, salesforce.kind_of("OrderItem"), of | fields)
        salesforce.update(self.box, salesforce.kind_of("Order"), order, self.row(said or {}))

    def _product(self, code: str) -> str:
        known = self.box.store.find("Product2", ProductCode=code)
        fields = {"Name": code, "ProductCode": code, "Family": "Services"}
        made = known[0] if known else salesforce.create(self.box, salesforce.kind_of("Product2"), fields)
        return str(made["Id"])


class Dataverse(Offers):
    """The organisation, which closes a quote when it is revised, and numbers the revisions itself."""

    WORDS = {
        "erp_number": "tg_erpordernumber",
        "cost": "tg_cost",
        "valid_to": "effectiveto",
        "signed_on": "tg_signedon",
        "tax_included": "tg_taxincluded",
        "qty": "quantity",
        "price": "priceperunit",
    }

    def quote(self, deal: str) -> str:
        return self.quotes(deal)[0]

    def quotes(self, deal: str) -> list[str]:
        found = self.box.store.find("quote", opportunityid=deal)
        return [each["quoteid"] for each in sorted(found, key=lambda each: each["revisionnumber"])]

    def rewrite(self, quote: str, lines: list[Line]) -> None:
        for each in self.box.store.find("quotedetail", quoteid=quote):
            dataverse.delete(self.box, TABLES["quotedetail"], each["quotedetailid"])
        for place, line in enumerate(lines, 1):
            of = {"quoteid@odata.bind": bind("quote", quote), "lineitemnumber": place}
            of["productid@odata.bind"] = bind("product", self._product(line["item"]))
            said = {word: value for word, value in line.items() if word != "item"}
            dataverse.create(self.box, TABLES["quotedetail"], of | self.row(said))
        for order in self.box.store.find("salesorder", quoteid=quote):
            self.reorder(order["salesorderid"], lines)  # which the quote became as it is now

    def order(self, quote: str) -> str:
        (found,) = self.box.store.find("salesorder", quoteid=quote)
        return str(found["salesorderid"])

    def reorder(self, order: str, lines: list[Line], said: Said | None = None) -> None:
        """As it was before it was submitted."""
        state = dataverse.read(self.box, TABLES["salesorder"], order)["statecode"]
        self.box.store.update("salesorder", order, {"statecode": 0})
        for each in self.box.store.find("salesorderdetail", salesorderid=order) if lines else []:
            dataverse.delete(self.box, TABLES["salesorderdetail"], each["salesorderdetailid"])
        for place, line in enumerate(lines, 1):
            of = {"salesorderid@odata.bind": bind("salesorder", order), "lineitemnumber": place}
            of["productid@odata.bind"] = bind("product", self._product(line["item"]))
            fields = {word: value for word, value in line.items() if word not in ("item", "tax_rate")}
            dataverse.create(self.box, TABLES["salesorderdetail"], of | self.row(fields))
        fields = self.row({word: value for word, value in (said or {}).items() if word != "currency"})
        if "currency" in (said or {}):
            fields["transactioncurrencyid@odata.bind"] = currency((said or {})["currency"])
        dataverse.update(self.box, TABLES["salesorder"], order, fields)
        self.box.store.update("salesorder", order, {"statecode": state})

    def edit(self, quote: str, said: Said) -> None:
        self.later()
        fields = self.row({word: value for word, value in said.items() if word != "currency"})
        if "currency" in said:
            fields["transactioncurrencyid@odata.bind"] = currency(said["currency"])
        dataverse.update(self.box, TABLES["quote"], quote, fields)

    def revise(self, deal: str, number: int, said: Said) -> str:
        made = str(dataverse.revise(self.box, self.quotes(deal)[-1])["quoteid"])
        self.edit(made, {"statecode": 1, "statuscode": 3} | said)
        return made

    def accept(self, quote: str) -> None:
        self.edit(quote, {"statecode": 2, "statuscode": 4, "tg_signedon": self.box.now().date().isoformat()})

    def _product(self, code: str) -> str:
        known = self.box.store.find("product", productnumber=code)
        fields = {"name": code, "productnumber": code, "producttypecode": SERVICES}
        made = known[0] if known else dataverse.create(self.box, TABLES["product"], fields)
        return str(made["productid"])


OFFERS: Mapping[str, Callable[[Box], Offers]] = {"salesforce": Salesforce, "dataverse": Dataverse}
