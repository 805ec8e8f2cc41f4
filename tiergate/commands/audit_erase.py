"""`tiergate audit erase`: a person is forgotten, and the record still verifies."""

import argparse
from hashlib import sha256
from typing import Final

import msgspec

from foundation.masking import Masker
from gateway.audit import erase
from gateway.identity.sealing import key_file
from tiergate.commands import audit_record
from tiergate.settings import Settings

SAYS: Final = "erase a person: the bodies that hold them, and the tie between them and their pseudonym"
EXAMPLES: Final = """\
  tiergate audit erase --subject priya --reason "request 2026-117"
  tiergate audit erase --subject priya --value priya@firm.example --value 41-2233445 --reason "request 2026-117"
"""


def arguments(command: argparse.ArgumentParser) -> None:
    """Who, and why."""
    command.add_argument("--subject", required=True, help="the subject of their tokens")
    command.add_argument(
        "--value", action="append", default=[], help="what else names them in bodies: an address, a number; repeatable"
    )
    command.add_argument("--reason", required=True, help="kept in clear: name the case, not the person")
    audit_record.which(command)


def run(settings: Settings, asked: argparse.Namespace) -> int:
    """0 when something was erased, 1 when the record knows nobody like that."""
    place = audit_record.place_of(settings, asked)
    masker = Masker(sha256(key_file(audit_record.masks_key(settings))).digest())
    erased = erase(place, [asked.subject, *asked.value], asked.reason, masker)
    if asked.json:
        print(msgspec.json.encode(erased).decode())
    elif erased.removal:
        print(f"Erased {erased.bodies} bodies and {erased.names} names; the statement of it is {erased.removal}.")
    else:
        print(f"Nothing in {place.name} is of them or about them.")
    return 0 if erased.removal else 1
