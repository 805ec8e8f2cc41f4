"""What the contracts of the process tier show beside their schemas: examples, where a run is watched, who is called."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any, Protocol

import httpx
import jsonschema_rs
import msgspec
import pytest
from litestar import Litestar

from canonical.base import Value
from canonical.classes import PUBLIC
from canonical.ports import Page, operation, operations
from foundation.api import Api, directly, routes, status_link
from foundation.examples import UnsaidError, example_of
from foundation.openapi import document
from tests.processes import ROOT
from tiergate import catalogue

PROCESSES = [api.key for api in catalogue.apis() if api.layer == "process"]
AS_IT_COMES = {("intake-v1", "receiveNotification"), ("intake-v1", "receiveMessage")}
"""Whose body is in the words of the system that sends it."""


def contract(key: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((ROOT / "openapi" / f"{key}.json").read_text())
    return read


def listed(said: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in said["paths"].items():
        for each in item.values():
            yield path, each


@pytest.mark.parametrize("key", PROCESSES)
def test_each_operation_shows_what_is_sent_and_what_is_answered(key: str) -> None:
    said = contract(key)
    for _, each in listed(said):
        good = [answer for status, answer in each["responses"].items() if status.startswith("2")]
        sent = [] if (key, each["operationId"]) in AS_IT_COMES else [each.get("requestBody", {})]
        for content in [content for part in (*sent, *good) for content in part.get("content", {}).values()]:
            assert "example" in content, each["operationId"]
            checked = {**content["schema"], "components": said["components"]}
            jsonschema_rs.validator_for(checked, validate_formats=True).validate(content["example"])


@pytest.mark.parametrize("key", PROCESSES)
def test_what_is_accepted_and_goes_on_says_where_it_is_watched(key: str) -> None:
    said = contract(key)
    reads = {each["operationId"]: path for path, each in listed(said) if each is said["paths"][path].get("get")}
    for path, each in listed(said):
        answer = each["responses"].get("202")
        if answer is None:
            continue
        link = answer["links"]["status"]
        watched = reads[link["operationId"]]
        assert set(link["parameters"]) == set(re.findall(r"\{(\w+)\}", watched))
        assert f"`{watched}`" in answer["headers"]["Location"]["description"]
        for name, source in link["parameters"].items():
            assert source == "$response.body#/id" or (source == f"$request.path.{name}" and f"{{{name}}}" in path)


def test_whoever_subscribes_is_told_what_will_be_posted_to_the_address_it_names() -> None:
    subscribe = contract("events-v1")["paths"]["/events/v1/subscriptions"]["post"]
    posted = subscribe["callbacks"]["event"]["{$request.body#/url}"]["post"]
    assert posted["requestBody"]["content"]["application/cloudevents+json"]["schema"] == {
        "$ref": "#/components/schemas/EventEnvelope"
    }
    assert [each["name"] for each in posted["parameters"]] == ["webhook-id", "webhook-timestamp", "webhook-signature"]
    assert set(posted["responses"]) == {"204", "410"}


@pytest.mark.parametrize(
    ("key", "name", "kinds"),
    [
        ("opportunity-to-project-v2", "startRun", ("project.requested", "project.activated")),
        ("quote-to-order-v1", "startRun", ("order.created", "order.rejected")),
        ("staffing-v1", "confirmBooking", ("booking.confirmed", "utilisation.changed")),
    ],
)
def test_a_long_run_names_the_events_that_tell_of_it(key: str, name: str, kinds: tuple[str, ...]) -> None:
    (found,) = [each for _, each in listed(contract(key)) if each["operationId"] == name]
    assert [kind for kind in kinds if f"`com.tiergate.{kind}.v1`" not in found["description"]] == []


class Job(Value, frozen=True, kw_only=True):
    """Something that takes its time."""

    id: Annotated[str, PUBLIC, msgspec.Meta(examples=["a/1"])]
    note: Annotated[str, PUBLIC] = ""


class Silent(Value, frozen=True, kw_only=True):
    """A field that is always there and says nothing of itself."""

    word: Annotated[str, PUBLIC]


class Jobs(Protocol):
    """Jobs."""

    @operation("POST", "/jobs", status=202, follow="job")
    async def begin(self) -> Job:
        """Begin one."""

    @operation("POST", "/jobs/{job_id}/halt", status=202, follow="job")
    async def halt(self, job_id: str) -> Silent:
        """Halt it."""

    @operation("GET", "/jobs/{job_id}")
    async def job(self, job_id: str) -> Job:
        """One of them."""

    @operation("GET", "/jobs")
    async def jobs(self) -> Page[Job]:
        """All of them."""


class Lost(Protocol):
    """What nobody could watch."""

    @operation("POST", "/jobs", status=202, follow="job")
    async def begin(self) -> Silent:
        """Begin one, and do not say which."""

    @operation("GET", "/jobs/{job_id}")
    async def job(self, job_id: str) -> Job:
        """One of them."""


def test_the_address_is_of_what_was_asked_for_or_else_of_what_was_made() -> None:
    api = Api(name="jobs", layer="process", title="Jobs", ports=(Jobs,))
    begin, halt, job, _ = operations(Jobs)
    assert status_link(api.prefix, begin, {}, Job(id="a/1:2 3")) == "/jobs/v1/jobs/a%2F1:2%203"
    assert status_link(api.prefix, halt, {"job_id": "j7"}, Silent(word="done")) == "/jobs/v1/jobs/j7"
    assert status_link(api.prefix, job, {"job_id": "j7"}, Job(id="j7")) == ""


class Doing:
    """Does them."""

    async def begin(self) -> Job:
        """Begun."""
        return Job(id="a/1")

    async def halt(self, job_id: str) -> Silent:
        """Halted."""
        return Silent(word=job_id)

    async def job(self, job_id: str) -> Job:
        """That one."""
        return Job(id=job_id)

    async def jobs(self) -> Page[Job]:
        """None."""
        return Page(items=[])


@pytest.mark.parametrize(("path", "where"), [("", "/jobs/v1/jobs/a%2F1"), ("/j7/halt", "/jobs/v1/jobs/j7")])
async def test_both_ways_of_serving_an_operation_say_it(path: str, where: str) -> None:
    api = Api(name="jobs", layer="process", title="Jobs", ports=(Jobs,))
    operation_id = "halt" if path else "begin"
    given = {"job_id": "j7"} if path else {}
    _, headers, _ = await directly(api, Doing())[f"jobs-v1.{operation_id}"].answer(given, b"", b"", "")
    assert dict(headers)[b"location"] == where.encode()
    app = Litestar(routes(api, Doing()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://here") as http:
        accepted = await http.post(f"/jobs/v1/jobs{path}")
        assert (accepted.status_code, accepted.headers["location"]) == (202, where)
        watched = await http.get("/jobs/v1/jobs/j7")
        assert (watched.status_code, "location" in watched.headers) == (200, False)


def test_what_could_not_be_watched_is_no_port() -> None:
    with pytest.raises(ValueError, match=r"begin cannot be watched at /jobs/\{job_id\}"):
        operations(Lost)


def test_an_example_says_what_its_type_says_and_nothing_is_made_up() -> None:
    said = document(Api(name="jobs", layer="process", title="Jobs", ports=(Jobs,)))
    known = said["components"]["schemas"]
    shown = {each["operationId"]: each["responses"] for _, each in listed(said)}
    assert shown["jobs"]["200"]["content"]["application/json"]["example"] == {"items": [{"id": "a/1"}]}
    assert "example" not in shown["halt"]["202"]["content"]["application/json"]
    with pytest.raises(UnsaidError, match=r"^Silent\.word$"):
        example_of({"$ref": "#/components/schemas/Silent"}, known)
