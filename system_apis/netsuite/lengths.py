"""How long NetSuite's fields are, in characters."""

from typing import Final

NAME: Final = 83
CODE: Final = 83
MEMO: Final = 999
PO_NUMBER: Final = 45
TAX_NUMBER: Final = 20
ADDRESS: Final = 150
CITY: Final = 50
PERSON: Final = 32
"""Given name and family name, each."""
MAIL: Final = 254
PHONE: Final = 32
TITLE: Final = 99
