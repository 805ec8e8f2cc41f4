"""Queries over HTTP, with their pages: a cursor belongs to the session that opened it."""

from typing import Any, Final

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import CALL, Answer, Box, Record, answer
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.org import org_of
from foundation.sandbox.salesforce.rest import enter, permitted
from foundation.sandbox.salesforce.select import Selection, render

LARGEST_PAGE: Final = 2000
_QUERY: Final = ["/services/data/{version:str}/query", "/services/data/{version:str}/queryAll"]
_MORE: Final = [f"{path}/{{locator:str}}" for path in _QUERY]


@route(_QUERY, http_method="GET", status_code=200)
async def query(box: NamedDependency[Box], version: FromPath[str], request: Request[Any, Any, Any]) -> Answer:
    """The first page of a query; `queryAll` finds deleted records too."""
    session = enter(box, version)
    text = request.query_params.get("q", "")
    deleted = "queryAll" in request.url.path
    selection = Selection(org_of(box).kinds, text)
    permitted(box, selection.kind, text)
    found = selection.run(box.store, deleted=deleted)
    if selection.counts_only:
        return answer(200, {"totalSize": len(found), "done": True, "records": []})
    size = _page_size(box)
    ids = [each["Id"] for each in found]
    cursor: Record = {"id": "", "session": session["token"], "query": text, "ids": ids, "page": size}
    if len(found) > size:
        cursor["id"] = f"01g{box.store.next_number('_cursor'):012}AAA"
        box.store.insert("_cursor", cursor["id"], cursor)
    return answer(200, _page(box, version, cursor, selection, 0))


@route(_MORE, http_method="GET", status_code=200)
async def query_more(box: NamedDependency[Box], version: FromPath[str], locator: FromPath[str]) -> Answer:
    """A following page."""
    session = enter(box, version)
    name, _, offset = locator.rpartition("-")
    cursor = box.store.get("_cursor", name)
    if cursor is None or cursor["session"] != session["token"] or not offset.isdecimal():
        raise refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
    return answer(200, _page(box, version, cursor, Selection(org_of(box).kinds, cursor["query"]), int(offset)))


def _page(box: Box, version: str, cursor: Record, selection: Selection, offset: int) -> Record:
    size: int = cursor["page"]
    ids = cursor["ids"][offset : offset + size]
    found = [record for record in (box.store.get(selection.kind.name, id) for id in ids) if record]
    rows = [render(org_of(box).kinds, selection.kind, each, selection.paths, version, box.store) for each in found]
    ends = offset + size
    page: Record = {"totalSize": len(cursor["ids"]), "done": ends >= len(cursor["ids"])}
    if not page["done"]:
        page["nextRecordsUrl"] = f"/services/data/{version}/query/{cursor['id']}-{ends}"
    return {**page, "records": rows}


def _page_size(box: Box) -> int:
    """`Sforce-Query-Options: batchSize=500`, within bounds."""
    asked = CALL.get().headers.get("sforce-query-options", "").lower().partition("batchsize=")[2].split(",")[0].strip()
    smallest: int = box.option("smallest_page")
    return min(LARGEST_PAGE, max(smallest, int(asked))) if asked.isdecimal() else LARGEST_PAGE


ROUTES: Final = (query, query_more)
