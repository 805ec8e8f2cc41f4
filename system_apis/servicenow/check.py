"""What an instance must let us see. A column that is hidden from us is simply missing from a row."""

from typing import Final

from foundation.checking import Checked
from system_apis.servicenow import wire

CHECKS: Final = (Checked(object="incident", fields=wire.Incident.__struct_fields__),)
