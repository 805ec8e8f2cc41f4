"""`composite/tree`: records with the records below them, made in one call; all of them or none."""

from collections.abc import Iterator
from typing import Any, Final

from litestar import Request, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from foundation.sandbox import Answer, Box, Record, Refused, answer, decode
from foundation.sandbox.salesforce import rows
from foundation.sandbox.salesforce.errors import refused
from foundation.sandbox.salesforce.rest import body_of, enter
from foundation.sandbox.salesforce.schema import Kind

MOST: Final = 200
"""Records in one tree, those below included."""


@route("/services/data/{version:str}/composite/tree/{name:str}", http_method="POST", status_code=201)
async def tree(
    box: NamedDependency[Box], version: FromPath[str], name: FromPath[str], request: Request[Any, Any, Any]
) -> Answer:
    """Make the trees; the answer names each record by the reference it was sent under."""
    enter(box, version)
    kind = rows.kind_of(box, name)
    trees = body_of(await request.body()).get("records", [])
    if sum(1 for _ in _every(trees)) > MOST:
        raise refused(400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST} records")
    made, wrong = list[Record](), list[Record]()
    for each in trees:
        _grown(box, kind, each, {}, made, wrong)
    if wrong:
        return answer(400, {"hasErrors": True, "results": wrong})
    return answer(201, {"hasErrors": False, "results": made})


def _grown(box: Box, kind: Kind, given: Record, above: Record, made: list[Record], wrong: list[Record]) -> None:
    reference = str(_attributes(given).get("referenceId", ""))
    below = {name: value["records"] for name, value in given.items() if _is_below(value)}
    try:
        fields = {name: value for name, value in given.items() if name not in below}
        record = rows.create(box, kind, fields | above)
    except Refused as refusal:
        told = decode(refusal.answer.content)[0]
        error = {"statusCode": told["errorCode"], "message": told["message"], "fields": told.get("fields", [])}
        wrong.append({"referenceId": reference, "errors": [error]})
        return
    made.append({"referenceId": reference, "id": record["Id"]})
    for children in below.values():
        for child in children:
            of = rows.kind_of(box, str(_attributes(child).get("type", "")))
            lookup = next((each.name for each in of.fields.values() if each.refers == kind.name and each.writable), "")
            _grown(box, of, child, {lookup: record["Id"]}, made, wrong)


def _every(trees: list[Record]) -> Iterator[Record]:
    for each in trees:
        yield each
        for value in each.values():
            if _is_below(value):
                yield from _every(value["records"])


def _is_below(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("records"), list)


def _attributes(given: Record) -> Record:
    found: Record = given.get("attributes", {})
    return found


ROUTES: Final = (tree,)
