"""Refusals that name every place at once."""

from collections.abc import Callable, Container, Iterable

from canonical.faults import FieldError, Invalid


def refuse_unknown(
    system: str, pointer: str, given: Iterable[str], known: Container[str], says: Callable[[str], str]
) -> None:
    """`Invalid` with each of `given` that is not `known`: what `says` says of it, at `pointer` with its place in it.

    `pointer` is a JSON Pointer with `{}` where the place goes, counted from 0: `/lines/{}/code`.
    """
    errors = [
        FieldError(detail=says(each), pointer=pointer.format(place))
        for place, each in enumerate(given)
        if each not in known
    ]
    if errors:
        raise Invalid(system=system, errors=errors)


def refuse_unkept(system: str, title: str, of: str, fields: Iterable[str], kept: Container[str]) -> None:
    """`Invalid` with each field of an update that the system has no place for; `of` is what is updated."""
    refuse_unknown(
        system, "/fields/{}", fields, kept, lambda name: f"{title} keeps no {name.replace('_', ' ')} of {of}"
    )
