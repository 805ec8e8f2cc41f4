"""Data classes: what may be written down about a field.

A field says its class beside its type, `name: Annotated[str, PII]`, and the class travels with the schema as
`x-data-class`: into the published OpenAPI, the audit masks, the traces and the console. What each class means for a
log is policy (`data_classes` in `policies/platform.yaml`); an unannotated field is never written anywhere.
"""

from typing import Final

import msgspec

KEY: Final = "x-data-class"


def classed(name: str, *, pattern: str | None = None, description: str | None = None) -> msgspec.Meta:
    """The annotation of one data class, with msgspec's own constraints where the field has any."""
    return msgspec.Meta(extra_json_schema={KEY: name}, pattern=pattern, description=description)


PUBLIC: Final = classed("public")
"""Codes, states, names of things: may be kept as they are."""
PII: Final = classed("pii")
"""Says something of a person: kept as a keyed hash, joinable but not readable."""
FINANCIAL: Final = classed("financial")
"""Amounts, tax numbers, credit: masked but for the end."""
SECRET: Final = classed("secret")
"""Never written anywhere."""
