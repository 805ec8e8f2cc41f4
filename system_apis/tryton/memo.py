"""What Tryton has no field for, kept in a comment: one line a word, below whatever people wrote there.

    Ask Jörg before invoicing.
    tiergate.key: salesforce:006Tg0000000077IAA
    tiergate.start: 2027-01-04

A line that begins so is ours and is written anew each time; every other one is left as it is.
"""

import re
from collections.abc import Mapping
from typing import Final

_LINE: Final = re.compile(r"tiergate\.([a-z-]+): (.*)")
_TAGGED: Final = re.compile(r"(?:(.*) · )?tiergate( unbilled)?: (.+)")


def written(words: Mapping[str, str], before: str | None = None) -> str:
    """A comment with these words; `before` is what it was. A word that is empty is not written."""
    theirs = [line for line in (before or "").splitlines() if not _LINE.fullmatch(line)]
    ours = [f"tiergate.{word}: {' '.join(text.split())}" for word, text in words.items() if text]
    return "\n".join([*theirs, *ours])


def read(comment: str | None) -> dict[str, str]:
    """The words of a comment; of one that is there twice, the first."""
    found: dict[str, str] = {}
    for line in (comment or "").splitlines():
        if known := _LINE.fullmatch(line.strip()):
            found.setdefault(known[1], known[2].strip())
    return found


def pattern(word: str, text: str) -> str:
    """What `like` finds a comment by. It also finds longer texts: what is found has to be read."""
    return f"%{_escaped(f'tiergate.{word}: {text}')}%"


def keyed(key: str) -> str:
    """What `like` finds a comment by that has a key of ours, whatever it is the key of."""
    return f"%tiergate.%-key: {_escaped(key)}%"


def tagged(text: str, key: str, *, billed: bool) -> str:
    """A text of one row with our key at its end, for a field that takes no line breaks; hours may be unbilled."""
    word = "tiergate" if billed else "tiergate unbilled"
    return " · ".join(each for each in (" ".join(text.split()), f"{word}: {key}") if each)


def untagged(text: str | None) -> tuple[str, str, bool]:
    """The text before our key, the key, and whether hours are to be billed; people's own have no key, and are."""
    found = _TAGGED.fullmatch(text or "")
    return (found[1] or "", found[3], not found[2]) if found else (text or "", "", True)


def tag(key: str) -> str:
    """What `like` finds such a text by."""
    return "%tiergate%" + _escaped(f": {key}")


def _escaped(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)
