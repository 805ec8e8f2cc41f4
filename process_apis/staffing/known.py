"""Who is employed, for workflows that name people by their mail addresses: as HR has told staffing of them.

No system here has a port for the firm's own people; HR tells of each (`Staffing.put_person`). Of a legal entity that
nobody was told of nothing can be said, and nothing is.
"""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

import msgspec
import sqlalchemy as sa

from canonical.base import Value
from canonical.classes import PII, PUBLIC
from canonical.ports.staffing import Staff
from process_apis.judging import Skip
from process_apis.staffing.tables import STAFF


class Employed(Value, frozen=True, kw_only=True):
    """What HR has told of the people that a workflow names."""

    entity: Annotated[str, PUBLIC] = ""
    told: Annotated[bool, PUBLIC] = False
    """Whether it has told of anybody of the legal entity."""
    last_days: Annotated[dict[str, date | None], PII] = {}
    """By mail address in small letters; those it has not told of are missing."""

    def missing(self, emails: Iterable[str], start: date, end: date | None) -> str | Skip | None:
        """Who of these does not work here from start to end; None where all do."""
        named = [each for each in dict.fromkeys(emails) if each]
        if not named:
            return Skip("not applicable: nobody is named")
        if not self.told:
            return Skip(f"not applicable: HR has told of nobody of {self.entity or 'the legal entity'}")
        odd = []
        for email in named:
            if email.casefold() not in self.last_days:
                odd.append(f"HR knows no {email}")
                continue
            last = self.last_days[email.casefold()]
            if last is not None and last < start:
                odd.append(f"{email} left on {last}")
            elif last is not None and end is not None and last < end:
                odd.append(f"{email} leaves on {last}, before the work ends on {end}")
        return f"{'; '.join(odd)}." if odd else None


def employed(c: sa.Connection, entity: str, emails: Iterable[str]) -> Employed:
    """What was told of these people, and whether anything was of their legal entity."""
    wanted = {each.casefold() for each in emails if each}
    # A body is JSON as it was encoded: without spaces, and each text in quotes.
    of_entity = sa.exists().where(STAFF.c.body.contains(f'"legal_entity":{_quoted(entity)}', autoescape=True))
    found: dict[str, date | None] = {}
    for email in wanted:
        named = sa.func.lower(STAFF.c.body).contains(f'"email":{_quoted(email)}', autoescape=True)
        for body in c.scalars(sa.select(STAFF.c.body).where(named)):
            person = msgspec.json.decode(body, type=Staff)
            if person.email.casefold() == email:
                found[email] = _later(found.get(email, date.min), person.last_day)
    return Employed(entity=entity, told=bool(c.scalar(sa.select(of_entity))), last_days=found)


def _later(one: date | None, other: date | None) -> date | None:
    """Of two employments of one person, the end of the later; None is none."""
    return None if one is None or other is None else max(one, other)


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
