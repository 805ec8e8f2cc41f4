"""Reconciling a firm of the tests, without an engine, and what came of it."""

from collections import Counter

import msgspec

from canonical.ports.reconciling import Difference, Reconciliation, StartReconciliation
from foundation.context import fresh, use
from process_apis.platform import Platform, on_own_account
from process_apis.reconcile import store, workflow
from process_apis.reconcile.api import Reconciling


class Told(msgspec.Struct):
    """A report, whole."""

    report: Reconciliation
    differences: list[Difference]

    @property
    def kinds(self) -> Counter[str]:
        """How often each kind of difference came to which end."""
        return Counter(f"{each.kind} {each.outcome}" for each in self.differences)


async def reconciled(platform: Platform, *objects: str, heal: bool = True, entities: list[str] | None = None) -> Told:
    """Compare now, and read the report page by page."""
    asked = msgspec.convert({"objects": objects, "heal": heal, "legal_entities": entities or []}, StartReconciliation)
    number = reconciled.__dict__["number"] = reconciled.__dict__.get("number", 0) + 1
    name = f"rec_{number}"
    with use(fresh(caller=on_own_account("reconcile"))):
        parts = workflow.plan(platform, name, asked, asked.legal_entities or platform.systems.entities())
        row = workflow.first_row(name, asked, "asked", ())
        assert await platform.database.run(lambda c: store.begin(c, row, parts))
        await workflow.reconcile(name)
    reading, found, cursor = Reconciling(platform), [], ""
    while True:
        page = await reading.differences(name, limit=2, cursor=cursor)
        found += page.items
        if not page.next:
            return Told(await reading.reconciliation(name), found)
        cursor = page.next
