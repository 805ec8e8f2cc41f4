"""The console's pages, drawn on the server. They work with links and forms alone; with script they stay up to date.

A page asks the governed API as the signed-in person, so it can do no more than that person's token. Every form carries
the session's `csrf`.
"""

import hmac
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import HttpMethod, Request, Response
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from canonical.dates import now
from canonical.faults import Conflict, Fault, Forbidden, GuardsFailed, Invalid, NotFound
from canonical.ports.approvals import Approve
from canonical.ports.processes import Attempt, Case, Resolve, RunDetail
from experience_apis import SignedIn, Surroundings
from experience_apis.service_desk import stories, timeline
from experience_apis.service_desk.assets import PATH, Assets
from experience_apis.service_desk.comparing import side_by_side
from experience_apis.service_desk.port import CaseView, Now, ServiceDesk
from experience_apis.service_desk.render import HEADERS, Frame, Names, Renderer, View, heat
from foundation.api import PageOperation, litestar_path
from foundation.context import current, use

PAGES: Final = (
    PageOperation(id="nowPage", path="/desk", doc="What must be done first, and what it costs to wait."),
    PageOperation(id="casesPage", path="/desk/cases", doc="All causes, open or resolved."),
    PageOperation(id="casePage", path="/desk/cases/{case_id}", doc="What is wrong and what settles it."),
    PageOperation(id="retryCaseForm", path="/desk/cases/{case_id}/retry", method="POST", doc="The retry button."),
    PageOperation(id="resolveCaseForm", path="/desk/cases/{case_id}/resolve", method="POST", doc="Close, saying why."),
    PageOperation(
        id="approveCaseForm",
        path="/desk/cases/{case_id}/approvals/{rule}",
        method="POST",
        doc="An approver lets pass what a rule holds, saying why and until when.",
    ),
    PageOperation(id="findPage", path="/desk/trace", doc="Find anything by any key (`?q=`)."),
    PageOperation(id="tracePage", path="/desk/trace/{key}", doc="What happened to this thing."),
    PageOperation(id="connectionsPage", path="/desk/connections", doc="Who is down, and what waits."),
    PageOperation(
        id="signInPage", path="/desk/sign-in", doc="To the issuer; served by the sessions, like the next two."
    ),
    PageOperation(id="signedInPage", path="/desk/callback", doc="Back from the issuer."),
    PageOperation(id="signOutForm", path="/desk/sign-out", method="POST", doc="The end of a session."),
    PageOperation(id="deskAsset", path=PATH + "/{name}", doc="Style, script and typeface."),
)
ACT: Final = "desk:act"
APPROVE: Final = "desk:approve"
USUALLY: Final = timedelta(days=14)
"""For how long an approval is good where the approver says no other day."""
STEP_UP: Final = "insufficient_user_authentication"
"""The refusal that a newer sign-in settles (RFC 9470)."""
MOVING, STILL = 2, 15
"""Seconds between two looks of a page: while a run moves, and otherwise."""

_YEAR: Final = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One person looking at one page."""

    request: Request[Any, Any, Any]
    signed: SignedIn
    desk: ServiceDesk
    at: datetime

    def word(self, name: str) -> str:
        """A query word; empty when it is not there."""
        return self.request.query_params.get(name, "").strip()

    @property
    def may_act(self) -> bool:
        """Shows or hides buttons; what is really allowed is decided behind the API."""
        return ACT in self.signed.caller.scopes

    @property
    def may_approve(self) -> bool:
        """Likewise; of which rules is the approver's role to say."""
        return APPROVE in self.signed.caller.scopes


Show = Callable[[Visit], Awaitable["View | Response[Any]"]]


def pages(surroundings: Surroundings, desk: ServiceDesk) -> list[BaseRouteHandler]:
    """The handlers of all pages; `desk` is the governed API."""
    assets = Assets()
    renderer = Renderer(assets)
    shows: dict[str, Show] = {
        "nowPage": _now,
        "casesPage": _cases,
        "casePage": _case,
        "retryCaseForm": _retry,
        "resolveCaseForm": _resolve,
        "approveCaseForm": _approve,
        "findPage": _find,
        "tracePage": _trace,
        "connectionsPage": _connections,
    }
    found: list[BaseRouteHandler] = [
        _handler(page, _shown(surroundings, desk, renderer, shows[page.id])) for page in PAGES if page.id in shows
    ]
    return [*found, _handler(PAGES[-1], _sent(assets))]


def _handler(page: PageOperation, handle: Callable[..., Any]) -> HTTPRouteHandler:
    return HTTPRouteHandler(
        litestar_path(page.path),
        http_method=HttpMethod(page.method),
        operation_id=page.id,
        name=page.id,
        status_code=200,
    )(handle)


def _shown(surroundings: Surroundings, desk: ServiceDesk, renderer: Renderer, show: Show) -> Callable[..., Any]:
    async def handle(request: Request[Any, Any, Any]) -> Response[Any]:
        frame = Frame(environment=surroundings.environment)
        try:
            signed = await surroundings.sessions.signed_in(request)
        except Fault as fault:
            return renderer.respond(request, _trouble(fault, request), frame)
        if signed is None:
            return await _sign_in(surroundings, renderer, request, frame)
        frame = msgspec.structs.replace(frame, signed=signed)
        with use(msgspec.structs.replace(current(), caller=signed.caller)):
            visit = Visit(request=request, signed=signed, desk=desk, at=now())
            try:
                if request.method == "POST":
                    await _check_csrf(visit)
                view = await show(visit)
            except Fault as fault:
                view = _trouble(fault, request)
            if isinstance(view, Response):
                return view
            return renderer.respond(request, view, await _framed(frame, visit, view))

    return handle


def _sent(assets: Assets) -> Callable[..., Any]:
    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        asset = assets.by_name.get(request.path_params["name"])
        if asset is None:
            raise NotFound(f"Nothing is offered at {request.url.path}.")
        headers = _YEAR | {"Content-Type": asset.media_type, "Vary": "Accept-Encoding"}
        if asset.zipped and "gzip" in request.headers.get("Accept-Encoding", ""):
            return Response(asset.zipped, headers=headers | {"Content-Encoding": "gzip"})
        return Response(asset.content, headers=headers)

    return handle


async def _sign_in(
    surroundings: Surroundings, renderer: Renderer, request: Request[Any, Any, Any], frame: Frame
) -> Response[Any]:
    """To the issuer and back; a live part makes its page load anew, a form is never sent on."""
    if request.headers.get("HX-Request") == "true":
        return Response(b"", status_code=200, headers=HEADERS | {"HX-Refresh": "true"})
    if request.method == "POST":
        view = View(template="signed_out.html", title="Signed out", status=401)
        return renderer.respond(request, view, frame)
    return await surroundings.sessions.sign_in(
        request, request.url.path + (f"?{request.url.query}" if request.url.query else "")
    )


async def _check_csrf(visit: Visit) -> None:
    form = await visit.request.form()
    if not hmac.compare_digest(str(form.get("csrf", "")).encode(), visit.signed.csrf.encode()):
        raise Forbidden("This form was not sent from a page of your session. Open the page again and repeat it there.")


async def _framed(frame: Frame, visit: Visit, view: View) -> Frame:
    """The counts of the side bar: from what the page read already, or asked for; without the right to them, none."""
    query = visit.word("q") or visit.request.path_params.get("key", "")
    state = view.values.get("state_now")
    if not isinstance(state, Now):
        if visit.request.headers.get("HX-Request") == "true":
            return frame  # a live part of another page leaves the counts alone
        try:
            state = await visit.desk.overview()
        except Fault:
            return msgspec.structs.replace(frame, query=query)
    troubled = sum(found.state in ("failing", "signed_out") for found in state.connections)
    return msgspec.structs.replace(frame, open_cases=state.overview.open_cases, troubled=troubled, query=query)


def _trouble(fault: Fault, request: Request[Any, Any, Any]) -> View:
    """A designed page for every refusal and failure."""
    again = ""
    if fault.reason == STEP_UP:
        title, again = "Confirm that it is you", _sign_in_again(fault, request)
    elif isinstance(fault, Forbidden):
        title = "You may not do this" if "scope" not in fault.facts else f"Your sign-in lacks {fault.facts['scope']}"
    elif isinstance(fault, NotFound):
        title = "There is no such thing"
    else:
        title = fault.title
    values = {"fault": fault, "request_id": current().request_id, "again": again}
    every = 15 if fault.retry else 0
    return View(template="trouble.html", title=title, values=values, status=fault.status, every=every)


def _sign_in_again(fault: Fault, request: Request[Any, Any, Any]) -> str:
    """Where the person signs in as newly and as strongly as was asked (RFC 9470), and comes back to the page whose form
    it was."""
    path = request.url.path
    wanted = {name: fault.facts[name] for name in ("max_age", "acr_values") if name in fault.facts}
    to = path.rpartition("/")[0] if request.method == "POST" else path
    return f"/desk/sign-in?{urlencode(wanted | {'to': to})}"


async def _now(visit: Visit) -> View:
    state = await visit.desk.overview()
    every_open = (await visit.desk.cases("open", 200)).items if state.overview.open_cases else []
    values = {
        "state_now": state,
        "names": Names(state.connections),
        "heat": heat(every_open, visit.at) if every_open else [],
        "per_cause": Counter(case.fingerprint for case in every_open),
        "may_act": visit.may_act,
    }
    every = MOVING if state.overview.running else STILL
    return View(template="now.html", title="Now", section="now", values=values, every=every)


async def _cases(visit: Visit) -> View:
    state = "resolved" if visit.word("state") == "resolved" else "open"
    page = await visit.desk.cases("resolved" if state == "resolved" else "open", 50, visit.word("cursor"))
    groups: dict[str, list[Case]] = {}
    for case in page.items:
        groups.setdefault(case.fingerprint if state == "open" else case.id, []).append(case)
    values = {"state": state, "groups": list(groups.values()), "page": page}
    return View(template="cases.html", title="Cases", section="cases", values=values, every=STILL)


async def _case(visit: Visit) -> View:
    return await _case_view(visit, visit.request.path_params["case_id"])


async def _case_view(visit: Visit, case_id: str, problem: Fault | None = None) -> View:
    found = await visit.desk.case(case_id)
    values = {
        "found": found,
        "names": Names(await visit.desk.connections()),
        "rows": side_by_side(found.systems),
        "told": _last_trouble(found),
        "may_act": visit.may_act,
        "may_approve": visit.may_approve,
        "asked": {each.rule: each for each in reversed(found.approvals)},  # the newest question of each rule
        "usually": (visit.at + USUALLY).date(),
        "problem": problem,
    }
    moving = found.run.run.status == "running"
    return View(
        template="case.html",
        title=found.case.id,
        section="cases",
        values=values,
        status=problem.status if problem else 200,
        # Looking costs a read of every system, so only a case whose run moves looks again by itself.
        every=STILL if moving and problem is None else 0,
    )


async def _retry(visit: Visit) -> View | Response[Any]:
    case_id = visit.request.path_params["case_id"]
    try:
        run = await visit.desk.retry_case(case_id)
    except (Conflict, GuardsFailed) as refused:
        return await _case_view(visit, case_id, refused)
    return _see(f"/desk/trace/{quote(run.business_key, safe='')}")


async def _resolve(visit: Visit) -> View | Response[Any]:
    case_id = visit.request.path_params["case_id"]
    note = str((await visit.request.form()).get("note", "")).strip()
    try:
        if not note:
            raise Invalid("Say why the case is closed: the next person will want to know.")
        await visit.desk.resolve_case(case_id, Resolve(note=note))
    except (Conflict, Invalid) as refused:
        return await _case_view(visit, case_id, refused)
    return _see(f"/desk/cases/{quote(case_id, safe='')}")


async def _approve(visit: Visit) -> View | Response[Any]:
    case_id, rule = visit.request.path_params["case_id"], visit.request.path_params["rule"]
    form = await visit.request.form()
    said = {name: str(form.get(name, "")).strip() for name in ("reason", "until", "digest")}
    try:
        if not said["reason"]:
            raise Invalid("Say why it is approved: it stands in the record with your name.")
        until = _day(said["until"])
        data = Approve(digest=said["digest"], reason=said["reason"], until=until)
        await visit.desk.approve_case(case_id, rule, data)
    except (Conflict, Invalid) as refused:
        return await _case_view(visit, case_id, refused)
    return _see(f"/desk/cases/{quote(case_id, safe='')}")


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise Invalid(f"{said!r} is no day: say until when it is approved, as 2027-01-31.") from None


async def _find(visit: Visit) -> View:
    if key := visit.word("q"):
        return await _trace_view(visit, key)
    runs = await visit.desk.runs(None, 50, visit.word("cursor"))
    values = {"page": runs}
    every = MOVING if any(run.status == "running" for run in runs.items) else STILL
    return View(template="find.html", title="Trace", section="trace", values=values, every=every)


async def _trace(visit: Visit) -> View:
    return await _trace_view(visit, visit.request.path_params["key"])


async def _trace_view(visit: Visit, key: str) -> View:
    try:
        found = await visit.desk.trace(key)
    except NotFound:
        return View(template="not_found.html", title="Not found", section="trace", values={"key": key}, status=404)
    chosen = _chosen(found.runs, visit.word("run"))
    values = {
        "found": found,
        "chosen": chosen,
        "names": Names(await visit.desk.connections()),
        "picture": timeline.draw(chosen.steps, visit.at) if chosen else None,
        "part": visit.word("view") or "timeline",
        "calls": visit.word("calls") == "shown",
        "path": f"/desk/trace/{quote(key, safe='')}",
    }
    moving = any(detail.run.status == "running" for detail in found.runs)
    title = chosen.run.project_code or key if chosen else key
    return View(template="trace.html", title=title, section="trace", values=values, every=MOVING if moving else 0)


async def _connections(visit: Visit) -> View:
    found = await visit.desk.connections()
    values = {"connections": found, "names": Names(found)}
    return View(template="connections.html", title="Connections", section="connections", values=values, every=STILL)


def _last_trouble(found: CaseView) -> Attempt | None:
    """The last try of the step that stopped, where a system's answer is what stopped it."""
    tries = [attempt for step in found.run.steps if step.status == "failed" for attempt in step.attempts]
    return next((attempt for attempt in reversed(tries) if stories.is_trouble(attempt)), None)


def _chosen(runs: list[RunDetail], wanted: str) -> RunDetail | None:
    """The run a link asks for, or else the newest."""
    return next((detail for detail in runs if detail.run.id == wanted), runs[0] if runs else None)


def _see(path: str) -> Response[bytes]:
    """To the page that shows what a form did (RFC 9110 section 15.4.4)."""
    return Response(b"", status_code=303, headers=HEADERS | {"Location": path})
