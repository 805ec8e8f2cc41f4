"""A service's `$metadata` (CSDL 4.0), read for an entity's fields and the words of its lists."""

from typing import Final
from xml.etree.ElementTree import ParseError, fromstring

from canonical.faults import Drifted, NotFound
from foundation.checking import Described
from system_apis.business_central import codes
from system_apis.business_central.mapping import SYSTEM

_CSDL: Final = "{http://docs.oasis-open.org/odata/ns/edm}"


def described(text: str, kind: str) -> Described:
    """An entity as its document has it; `NotFound` when the service has none of that name."""
    try:
        document = fromstring(text)  # noqa: S314 - the vendor's own, and expat bounds what entities grow to
    except ParseError as wrong:
        raise Drifted(f"its metadata cannot be read: {wrong}", system=SYSTEM) from wrong
    entity = next((each for each in document.iter(f"{_CSDL}EntityType") if each.get("Name") == kind), None)
    if entity is None:
        raise NotFound(f"the service has no entity {kind}", system=SYSTEM)
    enums = {
        each.get("Name", ""): [codes.plain(member.get("Name", "")) for member in each.iter(f"{_CSDL}Member")]
        for each in document.iter(f"{_CSDL}EnumType")
    }
    types = {each.get("Name", ""): each.get("Type", "").rpartition(".")[2] for each in entity.iter(f"{_CSDL}Property")}
    return Described(fields=list(types), values={name: enums[type_] for name, type_ in types.items() if type_ in enums})
