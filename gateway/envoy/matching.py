"""Envoy's words for a condition, as its configuration has them: on a header, on a claim of the token, on the clock.

Conditions are RBAC principals (envoy.config.rbac.v3), or CEL (google.api.expr.v1alpha1) where a principal has no word
for it. RBAC takes CEL as a syntax tree only, so it is built here, from the few nodes that are needed.
"""

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

Said: TypeAlias = dict[str, Any]
TYPES: Final = "type.googleapis.com/"
JWT: Final = "envoy.filters.http.jwt_authn"
"""Under this name the verified token lies in the dynamic metadata: `payload` and `header`."""


def typed(kind: str, **fields: Any) -> Said:
    """A message with its type."""
    return {"@type": TYPES + kind, **fields}


def extension(name: str, kind: str, **fields: Any) -> Said:
    """A filter or other extension."""
    return {"name": name, "typed_config": typed(kind, **fields)}


def header(name: str, regex: str) -> Said:
    """A header whose whole value matches; several of one name are read as one, with commas."""
    return {"header": {"name": name, "string_match": {"safe_regex": {"regex": regex}}}}


def header_between(name: str, low: int, high: int) -> Said:
    """A header that is a number from `low` up to, and without, `high`."""
    return {"header": {"name": name, "range_match": {"start": low, "end": high}}}


def is_there(name: str) -> Said:
    """A header that is there."""
    return {"header": {"name": name, "present_match": True}}


def claim(name: str, *values: str) -> Said:
    """A claim that is one of these texts."""
    exactly = {"exact": values[0]} if len(values) == 1 else {"safe_regex": {"regex": "|".join(map(quoted, values))}}
    return _claim("payload", name, {"string_match": exactly})


def scope(name: str) -> Said:
    """A scope the token carries: jwt_authn has made a list of them."""
    return _claim("payload", "scope", _listed(name))


def audience(name: str) -> Said:
    """Whom the token is made for: one, or a list."""
    value = {"or_match": {"value_matchers": [{"string_match": {"exact": name}}, _listed(name)]}}
    return _claim("payload", "aud", value)


def quoted(text: str) -> str:
    """As a regular expression that both RE2 and people read."""
    return "".join(c if c.isalnum() or c in "-_/:" else f"\\{c}" for c in text)


def text_claim(name: str) -> Said:
    """A claim that is a text, and not an empty one."""
    return _claim("payload", name, {"string_match": {"safe_regex": {"regex": "(?s).+"}}})


def number_claim(name: str) -> Said:
    """A claim that is a number."""
    return _claim("payload", name, {"double_match": {"range": {"start": -1e15, "end": 1e15}}})


def has_claim(name: str) -> Said:
    """A claim that is there."""
    return _claim("payload", name, {"present_match": True})


def jose(name: str, regex: str) -> Said:
    """A parameter of the token's header whose whole value matches."""
    return _claim("header", name, {"string_match": {"safe_regex": {"regex": regex}}})


def has_jose(name: str) -> Said:
    """A parameter of the token's header that is there."""
    return _claim("header", name, {"present_match": True})


def any_of(of: Iterable[Said]) -> Said:
    """One of them holds; nothing does where there is none."""
    listed = list(of)
    return listed[0] if len(listed) == 1 else {"or_ids": {"ids": listed}} if listed else none()


def all_of(*of: Said) -> Said:
    """All of them hold."""
    return of[0] if len(of) == 1 else {"and_ids": {"ids": list(of)}}


def none() -> Said:
    """What never holds."""
    return negated({"any": True})


def negated(of: Said) -> Said:
    """It does not hold."""
    return {"not_id": of}


def policy(*principals: Said, condition: Said | None = None) -> Said:
    """A policy that matches when one of the principals does, and the condition with it."""
    said: Said = {"permissions": [{"any": True}], "principals": list(principals) or [{"any": True}]}
    return {**said, "condition": condition} if condition is not None else said


def rbac(policies: Said) -> Said:
    """Refuses what one of the policies matches: the first, by name, is the one that is told."""
    kind = "envoy.extensions.filters.http.rbac.v3.RBAC"
    return typed(kind, rules={"action": "DENY", "policies": policies}) if policies else typed(kind)


def rbac_here(policies: Said) -> Said:
    """The same for one route, instead of what the filter says for all."""
    inner = rbac(policies)
    del inner["@type"]
    return typed("envoy.extensions.filters.http.rbac.v3.RBACPerRoute", rbac=inner)


def later_than(moment: str) -> Said:
    """CEL: the request comes at that moment (RFC 3339) or later."""
    return _call("_>=_", _select("request", "time"), _call("timestamp", {"const_expr": {"string_value": moment}}))


def earlier_than(moment: str) -> Said:
    """CEL: the request comes before that moment."""
    return _call("_<_", _select("request", "time"), _call("timestamp", {"const_expr": {"string_value": moment}}))


def longer_target_than(count: int) -> Said:
    """CEL: path and query have more characters."""
    return _call("_>_", _call("size", _select("request", "path")), {"const_expr": {"int64_value": str(count)}})


def more_fields_than(count: int) -> Said:
    """CEL: all header fields together have more bytes."""
    return _call("_>_", _select("request", "total_size"), {"const_expr": {"int64_value": str(count)}})


def _claim(part: str, name: str, value: Said) -> Said:
    matcher = {"filter": JWT, "path": [{"key": part}, {"key": name}], "value": value}
    return {"sourced_metadata": {"metadata_matcher": matcher}}


def _listed(text: str) -> Said:
    return {"list_match": {"one_of": {"string_match": {"exact": text}}}}


def _call(function: str, *arguments: Said) -> Said:
    return {"call_expr": {"function": function, "args": list(arguments)}}


def _select(of: str, field: str) -> Said:
    return {"select_expr": {"operand": {"ident_expr": {"name": of}}, "field": field}}
