"""What a desk must have."""

from typing import Final

from foundation.checking import Checked
from tests.extend.deskly import wire

CHECKS: Final = (Checked(object="issue", fields=wire.Issue.__struct_fields__),)
