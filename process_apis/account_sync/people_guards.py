"""Guards of a person, as data. Their evidence names fields and records, never what they say."""

import re
from collections.abc import Iterator
from typing import Final

from process_apis.account_sync.guards import Proposal
from process_apis.judging import Guard

_MAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
"""So much of RFC 5321's mailbox that every system takes it; what else a system asks is its own answer."""


def _named(proposal: Proposal) -> Iterator[str]:
    """A person would have no family name."""
    for target in proposal.targets:
        if "family" in target.fields and not target.after.family.strip():
            yield f"{target.name} would have no family name."


def _reachable(proposal: Proposal) -> Iterator[str]:
    """A mail address would be none."""
    for target in proposal.targets:
        mail = target.after.email
        if "email" in target.fields and mail and not _MAIL.fullmatch(mail):
            yield f"{target.name} would have a mail address that is none."


GUARDS: Final[tuple[Guard[[Proposal]], ...]] = (
    Guard("family_name", "Account steward", _named),
    Guard("mail_address", "Account steward", _reachable),
)
