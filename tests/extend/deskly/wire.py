"""Deskly's shapes."""

from typing import Literal

import msgspec


class Issue(msgspec.Struct, frozen=True, kw_only=True):
    """One issue; `ref` is whatever the client calls it."""

    id: int
    ref: str
    title: str
    text: str
    level: Literal[1, 2, 3]
    state: str
    notes: str
    revision: int


class IssueWrite(msgspec.Struct, frozen=True, kw_only=True):
    """What a write names."""

    title: str
    text: str
    level: int
    state: str
    notes: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Whose the key is."""

    login: str
    desk: str
