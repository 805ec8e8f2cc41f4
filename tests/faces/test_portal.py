"""The client portal: one's own projects, shaped for clients, and another's as if there were none."""

import msgspec
import pytest

from canonical.faults import Forbidden, NotFound
from canonical.ports.processes import Engagement, EngagementDetail
from tests.faces.fakes import FakeEngagements, calling, portal


async def test_a_client_sees_their_own_projects_only() -> None:
    with calling(account_id="salesforce:001A"):
        assert [project.code for project in await portal().projects()] == ["PRJ-1"]


async def test_a_project_comes_with_its_milestones_and_billing_plan() -> None:
    with calling(account_id="salesforce:001A"):
        found = await portal().project("PRJ-1")
    assert found.project.progress == "under way"
    assert found.milestones[0].payment == "not due yet"
    assert str(found.billing.total) == "EUR 80,000.00"
    assert found.billing.billed == "by milestone"


async def test_anothers_project_is_answered_exactly_as_one_that_does_not_exist() -> None:
    told = []
    with calling(account_id="salesforce:001A"):
        for code in ("PRJ-2", "PRJ-9"):
            with pytest.raises(NotFound) as missing:
                await portal().project(code)
            told.append((str(missing.value).replace(code, "CODE"), missing.value.facts, missing.value.errors))
    assert told[0] == told[1]


async def test_even_a_process_tier_that_answers_too_much_gives_nothing_away() -> None:
    class Leaking(FakeEngagements):
        async def engagements(self, account_id: str) -> list[Engagement]:
            return [self._engagement("PRJ-1"), self._engagement("PRJ-2")]

        async def engagement(self, account_id: str, code: str) -> EngagementDetail:
            return self.detail(code)

    with calling(account_id="salesforce:001A"):
        assert [project.code for project in await portal(Leaking()).projects()] == ["PRJ-1"]
        with pytest.raises(NotFound):
            await portal(Leaking()).project("PRJ-2")


@pytest.mark.parametrize("claims", [{}, {"account_id": ""}, {"account_id": ["salesforce:001A"]}, {"account_id": None}])
async def test_a_token_that_names_no_account_sees_nothing(claims: dict[str, object]) -> None:
    with calling(**claims):
        with pytest.raises(Forbidden):
            await portal().projects()
        with pytest.raises(Forbidden):
            await portal().project("PRJ-1")


async def test_no_word_of_ours_reaches_a_client() -> None:
    with calling(account_id="salesforce:001A"):
        shown = msgspec.json.encode(await portal().project("PRJ-1")).decode()
    assert not any(word in shown for word in ("48213", "account", "salesforce", "xref", "legal_entity", "run", "tier"))
