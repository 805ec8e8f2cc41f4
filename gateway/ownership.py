"""Who owns which field: `policies/ownership.yaml`. It alone decides what a sync writes, who wins, what a portal edits.

    customer:
      legal_name:   {owner: erp, mode: authoritative, written_to: [crm]}
      email:        {owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: case, edited_in: [client-portal]}
      addresses:    {owner: crm, mode: seed_once, written_to: [erp]}
      credit.limit: {owner: erp, mode: authoritative}

Objects and fields are our own words (docs/reference/objects.md); a part's field is written with it, `credit.limit`.
An object that stands there says something of each of its fields, so that a new field is never nobody's by oversight.
Of some of its kind (`billing_contact`, a contact invoices are sent to) only what differs is said.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from canonical.ownership import VARIANTS, Owned, Ownership, ownable
from gateway.conversion import convert, did_you_mean
from gateway.loader import Node, PolicyError, read

FILE: Final = "ownership.yaml"


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one field of one object."""

    owner: Literal["crm", "erp", "psa", "itsm", "hr"]
    """The role whose system is right about it."""
    mode: Literal["authoritative", "seed_once", "advisory", "derived"]
    """authoritative: what is changed elsewhere is put back. seed_once: the owner fills what is still empty, once.
    advisory: whoever changed it is right. derived: it is computed, and nobody writes it."""
    written_to: list[Literal["crm", "erp", "psa", "itsm", "hr"]] = []
    """The roles a sync may write it to; none: it never travels."""
    on_conflict: Literal["owner_wins", "newest", "case"] | None = None
    """Who wins when two systems changed it since they last agreed. newest goes by the systems' own stamps; case asks a
    person. An advisory field says it; for an authoritative one it is owner_wins or case."""
    edited_in: list[str] = []
    """Faces whose people may edit it; the edit is written to the owner's system."""


def read_ownership(folder: Path, faces: Collection[str] = ()) -> Ownership:
    """The folder's table; an empty one where it has none. Raises `PolicyError` with each wrong line.

    `faces` are the names that `edited_in` may use; none known: none are checked.
    """
    path = folder / FILE
    if not path.exists():
        return Ownership()
    problems: list[str] = []
    node = read(path, f"{folder.name}/{FILE}", {})
    found: dict[str, dict[str, Field]] | None = convert(node, dict[str, dict[str, Field]], problems, "")
    for kind, said in node.value.items() if isinstance(node.value, dict) else ():
        problems += _unknown(kind, said)
    table = {
        kind: {name: _rule(said, node.at(kind, name), faces, problems) for name, said in fields.items()}
        for kind, fields in (found or {}).items()
    }
    if problems:
        raise PolicyError(sorted(problems, key=_line))
    return Ownership(table)


def _unknown(kind: str, said: Node) -> list[str]:
    """What is said of things that are none, and what is left unsaid."""
    known = ownable()
    if kind not in known:
        return [f"{said.where}: there is no object {kind!r}{did_you_mean(kind, known)}"]
    if not isinstance(said.value, dict):
        return []
    fields = known[kind]
    wrong = [
        f"{said.at(name).where}: {kind} has no field {name!r}{did_you_mean(name, fields)}"
        for name in said.value
        if name not in fields
    ]
    unsaid = [name for name in fields if name not in said.value and kind not in VARIANTS]
    if unsaid:
        wrong.append(f"{said.where}: {kind} says nothing of {', '.join(unsaid)}: each field has an owner")
    return wrong


def _rule(said: Field, node: Node, faces: Collection[str], problems: list[str]) -> Owned:
    for key, sentence in _contradictions(said).items():
        problems.append(f"{node.at(key).where}: {sentence}")
    problems += [
        f"{node.at('edited_in').where}: no face is called {face!r}{did_you_mean(face, faces)}"
        for face in said.edited_in
        if faces and face not in faces
    ]
    return Owned(
        owner=said.owner,
        mode=said.mode,
        written_to=tuple(said.written_to),
        on_conflict=said.on_conflict or "owner_wins",
        edited_in=tuple(said.edited_in),
        where=node.where,
    )


def _contradictions(said: Field) -> Mapping[str, str]:
    """What cannot hold together, by the key it stands under."""
    wrong = {}
    if said.mode == "advisory":
        if said.on_conflict is None:
            wrong["mode"] = "an advisory field says who wins: on_conflict: owner_wins, newest or case"
        if said.owner not in said.written_to:
            wrong["written_to"] = f"an advisory field is written to its owner too: add {said.owner}"
    elif said.owner in said.written_to:
        wrong["written_to"] = f"{said.mode} means that nobody writes it to its owner: leave out {said.owner}"
    if said.mode == "authoritative" and said.on_conflict == "newest":
        wrong["on_conflict"] = "an authoritative field is its owner's, however old: owner_wins or case"
    if said.mode in ("seed_once", "derived") and said.on_conflict is not None:
        wrong["on_conflict"] = f"a field that is {said.mode} has no conflict: leave it out"
    if said.mode == "derived" and (said.written_to or said.edited_in):
        wrong["written_to" if said.written_to else "edited_in"] = "what is derived is written by nobody: leave it out"
    return wrong


def _line(problem: str) -> int:
    return int(problem.split(":", 2)[1])
