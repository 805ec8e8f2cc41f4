"""Where this installation keeps its record of calls, and where the second place of its anchors is."""

from pathlib import Path
from typing import Final

from gateway.audit.store import Place
from tiergate.settings import Settings, WrongSetting

FILE: Final = "audit.sqlite"


def place_of(settings: Settings, anchors: str | None = None) -> Place:
    """PostgreSQL where TIERGATE_DATABASE_URL names one; else a file of its own in the state folder.

    `anchors` is the second place as platform.yaml says it; a file in the state folder where it says nothing.
    """
    state = settings.state
    on_postgres = settings.database_url.startswith("postgresql")
    return Place(
        store=settings.database_url if on_postgres else str(state / FILE),
        anchors=state / (anchors or ("audit.anchors" if on_postgres else f"{FILE}.anchors")),
        keys=state / "audit.key",
    )


def found(settings: Settings, given: Path | None, anchors: str | None = None) -> Place:
    """The record a command is about: a file that was named, else the installation's. `WrongSetting` for none."""
    place = Place.beside(given) if given is not None else place_of(settings, anchors)
    if not place.exists() and not place.anchors.exists():
        raise WrongSetting(f"There is no record at {place.name}; name it with --file.")
    return place
