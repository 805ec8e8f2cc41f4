"""How long SAP's fields are, in characters."""

from typing import Final

NAME: Final = 40
MAIL: Final = 241
PHONE: Final = 30
FUNCTION: Final = 40
PROJECT_NAME: Final = 60
ELEMENT: Final = 24
PROJECT_CODE: Final = ELEMENT - 5
"""A project's id has 24, too, of which its elements take five more (`-PLAN`, `.0001`)."""
CENTER: Final = 10
"""Cost centers and profit centers."""
LINK: Final = 255
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
