"""The shapes of asynchronous jobs: a job, its tasks, and how far they are."""

import msgspec


class Link(msgspec.Struct, frozen=True):
    """One link, by what it is to the one that has it."""

    rel: str
    href: str


class Progress(msgspec.Struct, frozen=True):
    """How far a job or a task is. That the word for how it ended is `succeeded` or `failed` is known of a task only."""

    completed: bool
    progress: str = ""


class ListedTask(msgspec.Struct, frozen=True):
    """A task of a job, by its address."""

    links: list[Link] = []


class Tasks(msgspec.Struct, frozen=True):
    """The tasks of a job; one request is one."""

    items: list[ListedTask]
