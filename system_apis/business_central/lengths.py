"""How long Business Central's fields are, in characters."""

from typing import Final

NAME: Final = 100
ADDRESS: Final = 100
ADDRESS_2: Final = 50
CITY: Final = 30
STATE: Final = 30
POSTAL: Final = 20
TAX_NUMBER: Final = 20
PO_NUMBER: Final = 35
PROJECT_NUMBER: Final = 20
TITLE: Final = 250
REFERENCE: Final = 50
CONTRACT: Final = 100
"""Of a key of a contract, as a project or an invoice names it: as long as any key of ours."""
TASK: Final = 20
TASK_REFERENCE: Final = 100
WORK_TYPE: Final = 10
PERSON: Final = 30
"""Of a given name, and of a family name."""
MAIL: Final = 80
PHONE: Final = 30
JOB_TITLE: Final = 30
SOURCES: Final = 2048
