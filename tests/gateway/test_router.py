"""The short ways through the router lead where the long one leads."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.router import Router, segments_of

PART = st.sampled_from(["a", "b", "ab", "{x}", "{y}"])
LAST = st.one_of(PART, st.just("{rest:path}"))
TEMPLATE = st.builds(lambda parts, last: "/" + "/".join([*parts, last]), st.lists(PART, max_size=3), LAST)
PATH = st.lists(st.sampled_from(["a", "b", "ab", "c", "", ".a", "%61", "b%20c"]), min_size=1, max_size=5)
OFFERED = st.lists(st.tuples(st.sampled_from(["GET", "PUT", "DELETE"]), TEMPLATE), max_size=8)


@given(OFFERED, st.sampled_from(["GET", "HEAD", "PUT", "PATCH"]), PATH)
def test_both_ways_lead_to_the_same_operation(offered: list[tuple[str, str]], method: str, parts: list[str]) -> None:
    router = Router()
    for offer in offered:
        governed: Any = offer
        router.add(offer[0], offer[1], governed)
    raw_path = ("/" + "/".join(parts)).encode()
    assert router.lead(method, raw_path) == router.find(method, segments_of(raw_path))


def test_a_literal_segment_comes_before_a_parameter() -> None:
    router, literal, parameter = Router(), object(), object()
    offers: list[tuple[str, Any]] = [("/notes/{id}", parameter), ("/notes/new", literal)]
    for template, governed in offers:
        router.add("GET", template, governed)
    assert router.lead("HEAD", b"/notes/new") == (literal, {}, ("GET", "HEAD"))
    assert router.lead("GET", b"/notes/n1") == (parameter, {"id": "n1"}, ("GET", "HEAD"))
    assert router.lead("PUT", b"/notes/new") == (None, {}, ("GET", "HEAD"))
    assert router.lead("GET", b"/notes/") == (None, {}, ())
