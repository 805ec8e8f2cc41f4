"""One project by its id, in whatever shape is asked for.

With the finder of the primary key: an address of our own making might not be the row's.
"""

import re
from typing import Final, TypeVar

from canonical.faults import NotFound
from system_apis.oracle_fusion import framework, wire
from system_apis.oracle_fusion.codes import SYSTEM
from system_apis.oracle_fusion.rest import Rest, there

_NUMBER: Final = re.compile(r"[0-9]{1,18}")
R = TypeVar("R", bound=framework.Row)


async def job(pod: Rest, project_id: str, shape: type[R], params: dict[str, str]) -> R:
    """The project; `NotFound` for none, and for what can be no id."""
    if not _NUMBER.fullmatch(project_id):
        raise NotFound(f"{project_id[:40]!r} is no project's id", system=SYSTEM)
    wanted = {"finder": f"PrimaryKey;ProjectId={project_id}"} | params
    return there(await pod.first(wire.PROJECTS, shape, wanted), project_id)
