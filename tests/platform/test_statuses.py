"""An operation documents only statuses it can give: each one of each operation is reached here, by its number."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.platform.contracts import OPERATIONS, Published
from tests.platform.known import Known, delivery, learn, message, token_for
from tests.processes import Client
from tiergate.assembly import AUDIENCE, Served
from tiergate.settings import read

Way = Callable[[Client, Published, Known], httpx.Response]
ELSEWHERE = {("events.subscribe", 409), ("cross-references.mergeInto", 409), ("staffing.releaseBooking", 409)}
"""Twenty-one subscriptions of one client, ids of two kinds, and a PSA that does not say who has worked: `tests/events`,
`tests/ownership` and `tests/process` have them."""
STEWARDS = ("quarantine", "releaseQuarantined", "dismissQuarantined", "parkedChanges", "replayChanges")
PAIRS = sorted(
    (
        (operation, status)
        for operation in OPERATIONS
        for status in operation.statuses
        if status not in (410, 501) and (operation.key, status) not in ELSEWHERE
    ),
    key=lambda pair: (pair[1] == 429, pair[1] == 503),
)
"""Those that use up a limit, ours or a vendor's, come last: nothing else could be asked for a while. A version is gone
(410) on a day to come: `policies/tests` asks on that day, on a clock of its own. Where no system is bound (501) another
platform must be asked: `test_unbound`."""
SYSTEMS = ("salesforce", "netsuite", "kantata", "servicenow")
VENDOR_CALLS = r"^(?!.*token)"
"""Every call to a vendor but its sign-in, `/oauth_token.do` too: who cannot sign in is told 503 of any silence."""
WRITES = r"^(?!.*(token|suiteql|query))"
NOT_JSON = b"{"
EACH = "test_every_documented_status_is_reached"


@pytest.fixture(scope="module")
def known(platform: Client) -> Known:
    return learn(platform)


@pytest.fixture(scope="module")
def silence(request: pytest.FixtureRequest, platform: Client, known: Known) -> dict[str, int]:
    """The status of every operation that asks a vendor, while no vendor says a word.

    Who found a vendor's places taken by others, or a vendor still left alone, is asked once more, and again.
    """
    still = _asked_for(request, 504)
    answers: dict[str, int] = {}
    for _ in range(6):
        answers |= _all_at_once("timeout_before_commit", platform, known, still)
        still = [operation for operation in still if answers[operation.key] == 503]
        time.sleep(1.0 if still else 0.0)
    return answers


@pytest.fixture(scope="module")
def throttling(request: pytest.FixtureRequest, platform: Client, known: Known) -> dict[str, int]:
    """The same while every vendor wants to be left alone."""
    return _all_at_once("throttled", platform, known, [each for each in _asked_for(request, 503) if asks_vendors(each)])


def _asked_for(request: pytest.FixtureRequest, status: int) -> list[Published]:
    """The operations whose test of a status is to run."""
    own = (item for item in request.session.items if getattr(item, "originalname", "") == EACH)
    rows = [item.callspec.params for item in own]  # type: ignore[attr-defined]  # of each of our own tests
    return [row["operation"] for row in rows if row["status"] == status]


def _all_at_once(fault: str, platform: Client, known: Known, asking: list[Published]) -> dict[str, int]:
    """Every vendor in trouble; the operations asked all together, since each of them waits."""
    if not asking:
        return {}
    with ExitStack() as faults, ThreadPoolExecutor(len(asking)) as threads:
        for system in SYSTEMS:
            faults.enter_context(platform.fault(system, fault=fault, path=VENDOR_CALLS, times=0))
        said = threads.map(lambda operation: well(platform, operation, known).status_code, asking)
        return dict(zip((operation.key for operation in asking), said, strict=True))


def asks_vendors(operation: Published) -> bool:
    """Whether a vendor's trouble can be an operation's."""
    return 502 in operation.statuses


@pytest.fixture(scope="module")
def keyless(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The status of every operation at a gateway without its issuer's keys; of a public one, when it is busy."""
    nobody = "http://127.0.0.1:9"
    state = tmp_path_factory.mktemp("keyless")
    settings = read(
        {"TIERGATE_STATE": str(state), "TIERGATE_ISSUER": nobody}
        | {f"TIERGATE_{tier}_URL": nobody for tier in ("EXPERIENCE", "PROCESS", "SYSTEM")}
    )
    key = RSAKey.generate_key(2048)
    now = int(time.time())
    claims = {"iss": nobody, "sub": "x", "aud": AUDIENCE, "client_id": "x", "jti": "1", "iat": now, "exp": now + 600}
    token = jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": "k1"}, claims, key)
    return asyncio.run(_at_another_gateway(settings, token))


async def _at_another_gateway(settings: Any, token: str) -> dict[str, int]:
    served = Served(settings, (), gateway=True)
    await served.start()
    try:
        transport = httpx.ASGITransport(served.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            bearer = {"Authorization": f"Bearer {token}"}
            for _ in range(3):
                served.governor.services.load.sample(60.0)  # a minute behind: only T0 is still let in
            public = [operation for operation in OPERATIONS if operation.public]
            busy = {each.key: (await http.request(each.method, each.at())).status_code for each in public}
            served.governor.services.load.watch(None)
            return busy | {
                operation.key: (await http.request(operation.method, operation.at(), headers=bearer)).status_code
                for operation in OPERATIONS
                if not operation.public
            }
    finally:
        await served.stop()


def ask(
    platform: Client, operation: Published, path: str = "", token: str | None = None, **more: Any
) -> httpx.Response:
    """A call by somebody who may (unless a token is given), to `path`, or else to something nobody has."""
    bearer = token_for(platform, operation) if token is None else token
    return platform.ask(operation.method, path or operation.at(), bearer, **more)


def well(platform: Client, operation: Published, known: Known) -> httpx.Response:
    """As it should be asked."""
    path, body = known.of(operation)
    if operation.id == "receiveNotification":
        headers, text = delivery(platform)
        return ask(platform, operation, path, headers=headers, content=text)
    if operation.id == "receiveMessage":
        key, said = message(platform)
        return ask(platform, operation, f"{operation.at(connection='salesforce')}?key={key}", content=said)
    return ask(platform, operation, path, **({} if body is None else {"json": body}))


def unreadable(platform: Client, operation: Published, _: Known) -> httpx.Response:
    """A body that is no JSON; where none is read, a token where it does not belong."""
    if operation.has_body and not operation.public:
        return ask(platform, operation, content=NOT_JSON, headers={"Content-Type": "application/json"})
    return ask(platform, operation, operation.at() + "?access_token=x")


def unknown_caller(platform: Client, operation: Published, known: Known) -> httpx.Response:
    path, _ = known.of(operation)
    return ask(platform, operation, path, token="")


def without_the_scope(platform: Client, operation: Published, _: Known) -> httpx.Response:
    return ask(platform, operation, token=scopeless(platform, operation))


def scopeless(platform: Client, operation: Published) -> str:
    """The token of a caller who may come here, but not with the scope this operation asks for."""
    if operation.api == "client-portal":
        return platform.person(scope="openid")
    client = {"system": "process-tier", "process": "experience-tier", "experience": "scenario"}[operation.layer]
    others = {scope for one in OPERATIONS for scope in one.scopes if one.layer == operation.layer}
    other = min(others - set(operation.scopes) - {"portal:read"})
    return platform.token(client, other)


def nobody_has_it(platform: Client, operation: Published, known: Known) -> httpx.Response:
    _, body = known.of(operation)
    if operation.id == "startRun":
        nobodys = "006Tg0000000999IAA"
        body = {"opportunity": {"id": nobodys}} if operation.api.endswith("@v2") else {"opportunity_id": nobodys}
    if operation.key == "quote-to-order.startRun":
        body = {"quote": {"id": "0Q0Tg0000000999IAA"}}
    if operation.key == "contract-sync.startRun":
        body = {"contract": {"id": "800Tg0000000999IAA"}}
    if operation.id == "startSetup":
        body = {"project_code": "PRJ-99999"}
    if operation.id == "creditInvoice":
        body = {**body, "corrects_invoice_id": "999999999"}
    at = operation.at(number="999999") + ("?key=nobodys" if operation.id == "receiveMessage" else "")
    return ask(platform, operation, at, **({} if body is None else {"json": body}))


def too_large(platform: Client, operation: Published, _: Known) -> httpx.Response:
    # The connection ends with the refusal, since the body is not read.
    headers = {"Content-Type": "application/json", "Connection": "close"}
    return ask(platform, operation, content=b" " * 1_100_000, headers=headers)


def not_json_at_all(platform: Client, operation: Published, _: Known) -> httpx.Response:
    return ask(platform, operation, content=b"<a/>", headers={"Content-Type": "application/xml"})


def unknown_parameter(platform: Client, operation: Published, known: Known) -> httpx.Response:
    path, body = known.of(operation)
    path += "&colour=red" if "?" in path else "?colour=red"
    return ask(platform, operation, path, **({} if body is None else {"json": body}))


def too_often(platform: Client, operation: Published, known: Known) -> httpx.Response:
    """Again and again, each time with a parameter that is refused once the limits have let it pass."""
    token = None
    if operation.api.startswith(("opportunity-to-project", "quote-to-order", "contract-sync")):
        token = platform.token("partner-demo")
        token = token if operation.id in ("startRun", "run", "runs") else platform.token("scenario")
    elif operation.api == "project-setup":
        client = "partner-demo" if operation.id in ("startSetup", "setup", "setups") else "scenario"
        token = platform.token(client)
    elif operation.api == "events" and operation.id not in STEWARDS:
        token = platform.token("partner-demo")
    elif operation.api in ("account-sync", "events", "cross-references", "reconcile", "staffing"):
        token = platform.token("scenario")
    elif operation.api == "service-desk":
        approves = operation.id == "approveCase"
        who, scope = ("dana", "openid desk:read desk:approve") if approves else ("priya", "desk:read desk:act")
        token = platform.person(f"{who}@acme.example", "console", scope)
    # What is not one's own is refused before it could spend anything.
    path = known.of(operation)[0] if operation.api == "client-portal" else operation.at()
    with ThreadPoolExecutor(8) as threads:
        for _ in range(60):
            answers = threads.map(lambda _: ask(platform, operation, f"{path}?a=b", token), range(20))
            if limited := [answer for answer in answers if answer.status_code == 429]:
                return limited[0]
    raise AssertionError("never limited")


def sign_in_refused(platform: Client, operation: Published, known: Known) -> httpx.Response:
    with ExitStack() as faults:
        for system in SYSTEMS if operation.layer != "system" else (operation.api,):
            faults.enter_context(platform.fault(system, fault="expired_token", path=VENDOR_CALLS, times=0))
        return well(platform, operation, known)


def not_in_this_state(platform: Client, operation: Published, known: Known) -> httpx.Response:
    """A vendor says that the record is not as it was read; a run or a case is over; a deal is not won."""
    path, body = known.over.get(operation.key, known.of(operation))
    with ExitStack() as faults:
        if operation.layer == "system":
            for method in ("PUT", "PATCH", "POST", "DELETE"):
                faults.enter_context(
                    platform.fault(operation.api, fault="stale_version", method=method, path=WRITES, times=0)
                )
        return ask(platform, operation, path, **({} if body is None else {"json": body}))


WAYS: dict[int, Way] = {
    200: well,
    201: well,
    202: well,
    204: well,
    400: unreadable,
    401: unknown_caller,
    403: without_the_scope,
    404: nobody_has_it,
    409: not_in_this_state,
    413: too_large,
    415: not_json_at_all,
    422: unknown_parameter,
    429: too_often,
    502: sign_in_refused,
}


LONGER = sorted({operation.api: operation.key for operation in OPERATIONS if 504 in operation.statuses}.values())
"""Operations whose vendors' silence `make test` waits for: one of each API, since places are few and it is long."""
ROWS = [
    pytest.param(
        operation,
        status,
        id=f"{operation.key}-{status}",
        marks=[pytest.mark.real] if status == 504 and operation.key not in LONGER else [],
    )
    for operation, status in PAIRS
]


@pytest.mark.parametrize(("operation", "status"), ROWS)
def test_every_documented_status_is_reached(
    platform: Client,
    known: Known,
    keyless: dict[str, int],
    operation: Published,
    status: int,
    request: pytest.FixtureRequest,
) -> None:
    if status in (503, 504):
        told = "silence" if status == 504 else "throttling" if asks_vendors(operation) else "keyless"
        assert request.getfixturevalue(told)[operation.key] == status
    else:
        answer = WAYS[status](platform, operation, known)
        assert answer.status_code == status, answer.text
