"""What the table behind project tasks insists on: one that time or cost stands on keeps its type, and stays.

The texts of refusals are those of the table's source.
"""

from collections.abc import Collection
from typing import Final

from foundation.sandbox import Box, Record
from system_apis.business_central.sandbox.errors import refused
from system_apis.business_central.sandbox.fields import Page

TASKS: Final = "projectTasks"


def editable(box: Box, page: Page, row: Record, fields: Collection[str]) -> None:
    """The type and the number of a task that has entries are not changed."""
    if page.set != TASKS or not _entries(box, row):
        return
    for name, caption in (("type", "Project Task Type"), ("number", "Project Task No.")):
        if name in fields:
            words = f"You cannot change {caption} because one or more entries are associated with this Project Task."
            raise refused(400, "Application_DialogException", words)


def deletable(box: Box, page: Page, row: Record) -> None:
    """A task that has entries is not deleted."""
    if page.set == TASKS and _entries(box, row):
        words = "You cannot delete Project Task because one or more entries are associated."
        raise refused(400, "Application_DialogException", words)


def _entries(box: Box, row: Record) -> bool:
    return bool(box.store.find("timeRegistrationEntries", jobId=row["projectId"], jobTaskNumber=row["number"]))
