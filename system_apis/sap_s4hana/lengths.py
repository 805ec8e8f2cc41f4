"""How long SAP's fields are, in characters."""

from typing import Final

NAME: Final = 40
PROJECT_NAME: Final = 60
PROJECT_CODE: Final = 19
"""A project's id has 24, of which its plan element takes five more (`-PLAN`)."""
ITEM_TEXT: Final = 40
PO_NUMBER: Final = 35
PRODUCT: Final = 40
TAX_NUMBER: Final = 20
STREET: Final = 60
CITY: Final = 40
OWN: Final = 100
"""Our own fields, as QUIRKS.md asks for them."""
SOURCES: Final = 1333
"""The most that a field of our own may have."""
