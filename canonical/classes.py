"""Data classes: what may be written down about a field.

A field says its class beside its type, `name: Annotated[str, PII]`, and the class travels with the schema as
`x-data-class`: into the published OpenAPI, the audit masks, the traces and the console. What each class means for a
log is policy (`data_classes` in `policies/platform.yaml`); an unannotated field is never written anywhere.
"""

from functools import cache
from typing import Final, get_type_hints

import msgspec

KEY: Final = "x-data-class"


def classed(name: str, *, pattern: str | None = None, description: str | None = None) -> msgspec.Meta:
    """The annotation of one data class, with msgspec's own constraints where the field has any."""
    return msgspec.Meta(extra_json_schema={KEY: name}, pattern=pattern, description=description)


PUBLIC: Final = classed("public")
"""Codes, states, names of things: may be kept as they are."""
PII: Final = classed("pii")
"""Says something of a person: kept as a keyed hash, joinable but not readable."""
FREE_TEXT: Final = PII
"""What people type, or another system says in its own words: whom it names nobody can tell, so it is kept likewise."""
FINANCIAL: Final = classed("financial")
"""Amounts, tax numbers, credit: masked but for the end."""
SECRET: Final = classed("secret")
"""Never written anywhere."""


@cache
def class_of(kind: type, field: str) -> str:
    """The data class of a field of a Struct, a part's as `credit.hold`; empty where it says none itself."""
    name, _, rest = field.partition(".")
    hint = get_type_hints(kind, include_extras=True)[name]
    if rest:
        return class_of(hint, rest)
    said = [
        meta.extra_json_schema or {} for meta in getattr(hint, "__metadata__", ()) if isinstance(meta, msgspec.Meta)
    ]
    return next((str(each[KEY]) for each in said if KEY in each), "")
