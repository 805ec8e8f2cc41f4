"""How long Fusion's fields are, in characters. An organization's name is documented, the rest is (unverified)."""

from typing import Final

ORGANIZATION: Final = 360
ADDRESS: Final = 240
PERSON: Final = 150
"""A first name, or a last one."""
JOB_TITLE: Final = 100
MAIL: Final = 320
PHONE: Final = 40
CITY: Final = 60
TAX_NUMBER: Final = 50
TITLE: Final = 300
PROJECT_NUMBER: Final = 25
PROJECT_NAME: Final = 240
TASK_NUMBER: Final = 100
TASK_NAME: Final = 255
DESCRIPTION: Final = 250
COMMENT: Final = 240
ORIGINAL: Final = 120
"""Of an original transaction reference."""
PURCHASE_ORDER: Final = 50
TRANSACTION: Final = 50
"""Of an order, as its source calls it."""
LINE_COMMENT: Final = 2000
OWN: Final = 150
"""A segment of a flexfield."""
