"""A list of a system read whole, page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from canonical.ports import Page

T = TypeVar("T")
Listing = Callable[[str], Awaitable[Page[T]]]
"""An operation of a port that lists: the page at a cursor."""


async def pages(listed: Listing[T]) -> AsyncIterator[Sequence[T]]:
    """Every page of a list."""
    cursor = ""
    while True:
        page = await listed(cursor)
        yield page.items
        if not page.next:
            return
        cursor = page.next
