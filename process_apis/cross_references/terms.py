"""By what a customer is found besides its ids: numbers, tax numbers, the mail's domain, the name; each in one spelling.

Two records with the same tax number of the same country are surely one company's. A shared domain says so only together
with a name alike; a name alone never does: that is for a person to decide.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final, Literal

import msgspec

from canonical.objects import Contact, Customer
from foundation.masking import Masker

Kind = Literal[
    "number", "tax", "tax_number", "domain", "name", "block", "country", "person_mail", "person_name", "home"
]
FREE_MAIL: Final = frozenset(
    "gmail.com googlemail.com outlook.com hotmail.com live.com yahoo.com icloud.com me.com aol.com gmx.de gmx.net"
    " web.de t-online.de mail.ru proton.me protonmail.com orange.fr free.fr libero.it".split()
)
"""Domains that say nothing of a company."""
KEYED: Final = "k1:"
"""What a keyed digest begins with."""
OF_PEOPLE: Final[tuple[Kind, ...]] = ("person_mail", "person_name")
"""Terms that stand as keyed digests."""
LIKELY: Final = 0.88
"""Names at least so alike (`SequenceMatcher.ratio` of their bare forms) are shown to a steward as perhaps the same."""
_VAT_PREFIX: Final = {"GR": "EL"}
"""Where the prefix of an EU VAT number is not the country's code (Council Directive 2006/112/EC, article 215)."""
_FORMS: Final = frozenset(
    "ag co company corp corporation gmbh gbr holding inc incorporated kg kgaa limited llc llp lp ltd mbh oy plc pvt"
    " private sa sarl sas se spa srl ug ab as bv nv pte pty".split()
)
_BLOCK: Final = 4


class Term(msgspec.Struct, frozen=True, order=True):
    """One of them."""

    kind: Kind
    value: str


def terms_of(customer: Customer) -> list[Term]:
    """All of a customer, as one system has it."""
    return sorted(set(_terms(customer)))


def person_terms(person: Contact, masker: Masker) -> list[Term]:
    """All of a person. Address and name stand as keyed digests: alike are found, and whoever has the database alone
    cannot try addresses and names out."""
    said: dict[Kind, str] = {"person_mail": _digest(person.email), "person_name": _digest(person.given, person.family)}
    found = [Term(kind, keyed(kind, digest, masker)) for kind, digest in said.items() if digest]
    return [*found, Term("home", person.account_id)] if person.account_id else found


def keyed(kind: Kind, digest: str, masker: Masker) -> str:
    """What stands for a digest without a key, which is what stood there before: so older ones need not be read anew."""
    return KEYED + masker.keyed(f"term {kind}", digest)


def words(said: str) -> list[Term]:
    """What somebody who types this may mean."""
    domain = said.rpartition("@")[2].casefold().strip()
    found = [Term("number", _number(said)), Term("tax", _bare(said)), Term("tax_number", _bare(said))]
    return [term for term in (*found, Term("domain", domain)) if term.value]


def tax_terms(customer: Customer) -> list[Term]:
    """Its tax numbers, each with its country."""
    return [Term("tax", tax_id(each.country, each.number)) for each in customer.tax_registrations if _bare(each.number)]


def tax_id(country: str, number: str) -> str:
    """A tax number with its country before it, once: `DE123456788` for `de 123 456 788` of DE."""
    bare, prefix = _bare(number), _VAT_PREFIX.get(country, country)
    rest = bare.removeprefix(prefix) if len(bare) > len(prefix) + 3 else bare
    return f"{country}{rest}"


def domain_of(email: str) -> str:
    """The domain of a company's mail; empty where the address is nobody's in particular."""
    domain = email.rpartition("@")[2].casefold().strip() if "@" in email else ""
    return "" if domain in FREE_MAIL else domain


@lru_cache(4096)
def bare_name(name: str) -> str:
    """A name without accents, marks and legal form, in small letters: `sturmvogel werft`."""
    plain = unicodedata.normalize("NFKD", name.casefold().replace("&", " and "))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    parts = re.findall(r"\w+", re.sub(r"(?<=\b\w)\.(?=\w\b)", "", letters))
    kept = [part for part in parts if part not in _FORMS]
    return " ".join(kept or parts)


def names_alike(one: str, other: str) -> bool:
    """Whether two names may well be the same company's."""
    return likeness(one, other) >= LIKELY


def likeness(one: str, other: str) -> float:
    """How alike two names are, of 1; 0 where one says nothing, or a number in them differs: Fund 3 is not Fund 4."""
    first, second = bare_name(one), bare_name(other)
    if not first or _numbers(first) != _numbers(second):
        return 0
    return 1 if first == second else SequenceMatcher(None, first, second).ratio()


def block_of(name: str) -> str:
    """The beginning of a bare name, and its numbers: only names of one block are compared with each other."""
    bare = bare_name(name)
    return " ".join([bare.replace(" ", "")[:_BLOCK], *_numbers(bare)])[:200]


def countries_of(customer: Customer) -> set[str]:
    """Where it is at home, as far as it says."""
    return {a.country for a in customer.addresses if a.country}


def _terms(customer: Customer) -> Iterator[Term]:
    if customer.number:
        yield Term("number", _number(customer.number))
    for each, term in zip([r for r in customer.tax_registrations if _bare(r.number)], tax_terms(customer), strict=True):
        yield term
        yield Term("tax_number", _bare(each.number))
    if domain := domain_of(customer.email):
        yield Term("domain", domain)
    yield from (Term("country", country) for country in countries_of(customer))
    for name in (customer.legal_name, customer.trading_name):
        if bare := bare_name(name)[:200]:
            yield Term("name", bare)
            yield Term("block", block_of(name))


def _digest(*parts: str) -> str:
    said = bare_name(" ".join(part for part in parts if part)) if len(parts) > 1 else parts[0].casefold().strip()
    return hashlib.sha256(said.encode()).hexdigest() if said else ""


def _numbers(bare: str) -> list[str]:
    return [part for part in bare.split() if any(c.isdigit() for c in part)]


def _number(said: str) -> str:
    return said.casefold().strip()[:200]


def _bare(said: str) -> str:
    return re.sub(r"[^0-9A-Z]", "", said.upper())[:200]
