"""The fault of a system behind us that does not keep to its contract."""

from canonical.faults import VendorFault


class ContractBroken(VendorFault):
    """A system behind this API answered otherwise than its contract says, and the API passes on only what it promised.
    The call may have been carried out all the same.

    Mend: whoever owns the system or its contract reads `tiergate openapi drift`: it names every field that differs,
    and the change of the contract that would make it true. Read the record back before a write is sent again.
    """

    status, title = 502, "A system behind this API broke its contract"
