"""Business rules about somebody else's API: checked against its owner's document, and asked of what was sent."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from canonical.faults import Invalid
from gateway.cel.expressions import Asked, Expression, Vocabulary
from gateway.cel.shapes import Shapes
from gateway.contracts.bodies import exact
from gateway.loader import PolicyError
from gateway.published import contract
from tests.foreign.stock import DESK_FILE, POLICY, Stock, plan_of
from tests.gateway.notes import problem

SPEC: Final = """\
openapi: 3.1.0
info: {title: Orders, version: 1.0.0, description: What is to be delivered.}
paths:
  /orders/{day}:
    parameters: [{name: day, in: path, required: true, schema: {type: string, format: date}}]
    post:
      operationId: addItem
      summary: Order
      parameters:
        - {name: copies, in: query, schema: {type: integer}}
        - {name: tag, in: query, explode: false, schema: {type: array, items: {type: string}}}
        - {name: odd, in: query, schema: {type: [integer, boolean]}}
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/Order"}}}}
      responses: {201: {description: It is there, content: {application/json: {}}}}
components:
  schemas:
    Order:
      allOf:
        - {$ref: "#/components/schemas/Party"}
        - type: object
          required: [kind, total, lines]
          properties:
            kind: {enum: [rush, usual]}
            total: {$ref: "#/components/schemas/Amount"}
            fee: {type: [number, "null"]}
            weight: {type: number, format: double}
            rate: {type: string, format: decimal}
            start: {oneOf: [{type: string, format: date}, {type: "null"}]}
            sent: {allOf: [{$ref: "#/components/schemas/When"}], description: When it left}
            lines: {type: array, items: {$ref: "#/components/schemas/Line"}}
            root: {$ref: "#/components/schemas/Part"}
            labels: {type: object, additionalProperties: {type: string}}
            payment: {oneOf: [{$ref: "#/components/schemas/Card"}, {$ref: "#/components/schemas/Transfer"}]}
            either: {oneOf: [{type: string}, {type: integer}]}
            grid: {type: array, items: {type: array, items: {type: integer}}}
            free: {type: object}
            unknown: {}
            itself: {$ref: "#/components/schemas/Itself"}
            has-dash: {type: string}
            Caller: {$ref: "#/components/schemas/Caller"}
    Party: {type: object, required: [name], properties: {name: {type: string}, age: {type: integer}}}
    Amount: {type: object, properties: {amount: {type: string}, currency: {type: string, pattern: "^[A-Z]{3}$"}}}
    When: {type: string, format: date-time}
    Line:
      type: object
      required: [price]
      properties: {price: {$ref: "#/components/schemas/Amount"}, fixed: {type: boolean}, note: {type: string}}
    Part:
      type: object
      properties: {name: {type: string}, parts: {type: array, items: {$ref: "#/components/schemas/Part"}}}
    Card: {type: object, required: [by, number], properties: {by: {const: card}, number: {type: string}}}
    Transfer: {type: object, required: [by, number], properties: {by: {const: transfer}, number: {type: integer}}}
    Caller: {type: object, properties: {client: {type: integer}}}
    Itself: {anyOf: [{$ref: "#/components/schemas/Itself"}]}
"""
DOCUMENT: Final = yaml.safe_load(SPEC)
PRODUCT: Final = DESK_FILE + "  inventory@v1: [addItem]\n"
ORDER: Final[dict[str, Any]] = {
    "name": "Kim",
    "kind": "rush",
    "total": {"amount": "12.50", "currency": "EUR"},
    "lines": [{"price": {"amount": "12.5", "currency": "EUR"}}],
}


def policy(checks: dict[str, str]) -> str:
    """The inventory's, with these rules: each stands on a line of its own, the first on the 13th."""
    head = (
        POLICY.replace("4KB", "64KB")
        .partition("operations:\n")[0]
        .replace("  adding: {rate: 2/min, per: user}\n", "  a: 9/min\n")
    )
    rules = "".join(f"      {name}: {{check: {quoted(check)}, message: Mind it.}}\n" for name, check in checks.items())
    return f"{head}operations:\n  addItem:\n    scopes: [stock:write]\n    rules:\n{rules}on_store_failure: local\n"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


WRONG: Final = {
    "body.nmae == ''": r"Order has no field 'nmae' (did you mean 'name'?)",
    "body.lines.all(l, l.prise == l.price)": r"Line has no field 'prise' (did you mean 'price'?)",
    "body.root.parts.exists(p, p.parts.exists(q, q.nam == ''))": "Part has no field 'nam' (did you mean 'name'?)",
    "body.kind == 1": "'==' does not take (string, int)",
    "body.total > 5": "'>' does not take (Money, int); compare money, decimals, dates and instants with",
    "body.fee < 3.5": "'<' does not take (Decimal, double); compare money",
    "le(body.start, body.sent)": "'le' does not take (Date, Instant)",
    "body.labels['a'] == 1": "'==' does not take (string, int)",
    "body.either == 'a'": "Order has the field 'either', but of a type that no rule can read",
    "body.payment.number == 'a'": "Card has the field 'number', but of a type that no rule can read",
    "size(body.grid) == 1": "Order has the field 'grid', but of a type that no rule can read",
    "has(body.free.a)": "Order has the field 'free', but of a type that no rule can read",
    "body.unknown == 'a'": "Order has the field 'unknown', but of a type that no rule can read",
    "body.itself == 'a'": "Order has the field 'itself', but of a type that no rule can read",
    "parameters.copys == 1": "Parameters has no field 'copys' (did you mean 'copies'?)",
    "parameters.odd == 1": "Parameters has the field 'odd', but of a type that no rule can read",
    "parameters.day == '2026-09-01'": "'==' does not take (Date, string)",
    "body.Caller.client == caller.client": "'==' does not take (int, string)",
}


def test_what_the_owners_document_does_not_have_is_refused_by_its_line(tmp_path: Path) -> None:
    checks = {"fine": "body.name != ''", **{f"wrong-{number}": check for number, check in enumerate(WRONG)}}
    with pytest.raises(PolicyError) as refused:
        plan_of(tmp_path, spec=SPEC, policy=policy(checks), product=PRODUCT)
    problems = refused.value.problems
    assert len(problems) == len(WRONG)
    for number, (sentence, says) in enumerate(zip(problems, WRONG.values(), strict=True)):
        assert sentence.startswith(f"policies/apis/inventory.yaml:{17 + number}: addItem: rules.wrong-{number}.check: ")
        assert says in sentence


def test_a_body_that_is_no_json_is_nothing_a_rule_could_read(tmp_path: Path) -> None:
    for content, says in (("text/csv", "nothing is called 'body'"), ("application/json", "of a type that no rule")):
        spec = SPEC.replace(
            'application/json: {schema: {$ref: "#/components/schemas/Order"}}', f"{content}: {{schema: {{}}}}"
        )
        with pytest.raises(PolicyError, match=says):
            plan_of(tmp_path, spec=spec, policy=policy({"named": "body.name != ''"}), product=PRODUCT)


ADDED_UP: Final = "same(body.total, sum(body.lines.map(l, l.price), 'EUR'))"
DATED: Final = "le(body.start, parameters.day)"
HELD: Final[list[tuple[str, dict[str, Any], bool]]] = [
    ("body.kind in ['rush', 'usual'] && body.name.startsWith('K')", {}, True),
    (ADDED_UP, {}, True),
    (ADDED_UP, {"total": {"amount": "9", "currency": "EUR"}}, False),
    (ADDED_UP, {"total": {"amount": "12.50", "currency": "USD"}}, False),
    ("lt(body.fee, decimal('0.3'))", {"fee": 0.1}, True),
    ("same(plus(body.fee, decimal('0.2')), decimal('0.3'))", {"fee": 0.1}, True),
    ("le(body.fee, decimal('3'))", {"fee": 3}, True),
    ("le(body.fee, decimal('3'))", {"fee": None}, False),
    ("!has(body.fee) || le(body.fee, decimal('3'))", {"fee": None}, True),
    ("body.weight < 1.5", {"weight": 1}, True),
    ("lt(body.rate, decimal('1'))", {"rate": "0.99"}, True),
    (DATED, {"start": "2026-08-31"}, True),
    (DATED, {"start": "2026-09-02"}, False),
    ("lt(instant('2026-01-01T00:00:00Z'), body.sent)", {"sent": "2026-01-01T00:00:01+00:00"}, True),
    ("body.labels['a'] == 'b'", {"labels": {"a": "b"}}, True),
    ("body.labels['a'] == 'b'", {"labels": {}}, False),
    ("body.payment.by == 'card'", {"payment": {"by": "card", "number": "1"}}, True),
    ("body.payment.by == 'card'", {"payment": {"by": "transfer", "number": 1}}, False),
    ("body.root.parts.all(p, p.parts.size() == 0)", {"root": {"parts": [{"name": "a", "parts": []}]}}, True),
    ("body.root.parts.all(p, p.name != '')", {"root": {"parts": [{"name": ""}]}}, False),
    ("body.age == 3", {"age": 3.0}, True),
    ("body.Caller.client == 7", {"Caller": {"client": 7}}, True),
]


@pytest.mark.parametrize(("check", "more", "holds"), HELD, ids=lambda said: str(said)[:40])
def test_a_rule_is_asked_of_what_was_sent(check: str, more: dict[str, Any], holds: bool) -> None:
    words, shapes = Vocabulary(), Shapes(DOCUMENT)
    words.variable("body", shapes.of({"$ref": "#/components/schemas/Order"}, "Body"))
    words.group("parameters", {"day": shapes.of({"type": "string", "format": "date"}, "Day")})
    found = words.check(check)
    assert isinstance(found, Expression), found
    sent = {"body": exact(json.dumps(ORDER | more).encode()), "parameters": {"day": "2026-09-01"}}
    values = {name: read(sent[name]) for name, read in words.readers([found]).items()}
    [why] = Asked([check], list(values)).broken(values)
    assert (why is None) == holds, why


async def test_a_call_that_breaks_a_rule_never_reaches_the_owner(tmp_path: Path) -> None:
    checks = {"added-up": ADDED_UP, "tagged": "parameters.copies == 3 && 'b' in parameters.tag", "dated": DATED}
    async with Stock(tmp_path, spec=SPEC, policy=policy(checks), product=PRODUCT) as stock:
        stock.warehouse.status = 201
        order, few = ORDER | {"start": "2026-08-31"}, "/orders/2026-09-01?copies=3&tag=a,b"
        assert (await stock.ask("POST", few, json=order)).status_code == 201
        lines = [{"price": {"amount": "1", "currency": "EUR"}, "note": "x" * 300}] * 100
        many = order | {"lines": lines, "total": {"amount": "100", "currency": "EUR"}}
        assert (await stock.ask("POST", few, json=many)).status_code == 201
        assert len(stock.warehouse.asked) == 2
        for path, body, broken in (
            (few, order | {"lines": lines}, ["added-up"]),
            ("/orders/2026-08-01?copies=2", order, ["tagged", "dated"]),
            (few, None, ["added-up", "dated"]),
        ):
            said = {"json": body} if body is not None else {"content": b""}
            answer = await stock.ask("POST", path, **said)
            assert (answer.status_code, problem(answer)["reason"]) == (422, "rule_broken"), answer.text
            assert [error["rule"] for error in problem(answer)["errors"]] == broken
        assert problem(answer)["errors"][1]["detail"] == "Mind it. (start is not there)"
        assert len(stock.warehouse.asked) == 2


def test_a_rule_that_only_warns_stands_in_the_published_contract(tmp_path: Path) -> None:
    said = policy({"named": "body.name != ''"}).replace("message: Mind it.}", "message: Mind it., severity: warn}")
    plan = plan_of(tmp_path, spec=SPEC, policy=said, product=PRODUCT)
    told = contract(plan, plan.foreign[0])["paths"]["/inventory/v1/orders/{day}"]["post"]["responses"]
    assert [status for status, answer in told.items() if "Tiergate-Warned" in answer.get("headers", {})] == [
        "201",
        "422",
    ]


async def test_what_the_contract_was_not_asked_of_is_refused_by_its_place(tmp_path: Path) -> None:
    """Also where `validate` is off, a rule never reads what is not as it is described."""
    said = policy({"one": "lt(body.fee, decimal('1')) || le(parameters.day, body.start)"})
    said = said.replace("  body_max: 64KB\n", '  body_max: 64KB\n  validate: {request: "off"}\n')
    async with Stock(tmp_path, spec=SPEC, policy=said, product=PRODUCT) as stock:
        for path, order, pointer in (
            ("2026-09-01", {"fee": "much"}, "/fee"),
            ("2026-09-01", {"start": 3}, "/start"),
            ("someday", {"fee": 2}, "path:day"),
            ("2026-09-01", ["fee"], ""),
        ):
            answer = await stock.ask("POST", f"/orders/{path}", json=order)
            assert (answer.status_code, problem(answer)["reason"]) == (422, "invalid"), answer.text
            assert [error.get("pointer", "") for error in problem(answer)["errors"]] == [pointer]
        other = await stock.ask("POST", "/orders/2026-09-01", content=b"a", headers={"Content-Type": "text/plain"})
        assert other.status_code == 415
        assert stock.warehouse.asked == []


NAMES: Final = st.sampled_from(["a", "b", "a_b", "aB", "Order", "in", "Date", "x-y", "amount", "currency"])
PLAIN: Final = st.one_of(
    st.sampled_from(["string", "integer", "number", "boolean", "null", "object", "array"]).map(lambda t: {"type": t}),
    st.sampled_from(["date", "date-time", "decimal", "double", "byte"]).map(lambda f: {"type": "string", "format": f}),
    NAMES.map(lambda name: {"$ref": f"#/components/schemas/{name}"}),
    st.sampled_from([{}, True, None, [], "x", {"enum": [None, 1]}, {"const": "a"}, {"$ref": "#/a"}, {"$ref": 1}]),
)


def containing(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    several = st.lists(inner, max_size=3)
    return st.one_of(
        st.fixed_dictionaries({"properties": st.dictionaries(NAMES, inner, max_size=4)}),
        st.fixed_dictionaries({"type": st.just("object"), "additionalProperties": inner}),
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        *(st.fixed_dictionaries({key: several}) for key in ("allOf", "anyOf", "oneOf")),
        st.fixed_dictionaries({"allOf": several, "required": st.lists(NAMES, max_size=2), "oneOf": several}),
    )


SCHEMAS: Final = st.recursive(PLAIN, containing, max_leaves=12)
JSON: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.decimals(), st.sampled_from(["", "a", "2026-01-01", "1.5"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(named=st.dictionaries(NAMES, SCHEMAS, max_size=5), body=SCHEMAS, value=JSON)
def test_whatever_a_document_says_a_rule_is_checked_and_a_body_is_read_or_refused(
    named: dict[str, Any], body: Any, value: Any
) -> None:
    words = Vocabulary()
    if not words.variable("body", Shapes({"components": {"schemas": named}}).of(body, "Body")):
        return
    # What is said of each message is what the checker takes: each of its readable fields can be asked for.
    for check in ["has(body.a)", "has(body.a_b)", "has(body.aB)", "size(body) > 0", "body.a == body.b", "body == 'a'"]:
        found = words.check(check)
        if isinstance(found, Expression):
            with suppress(Invalid):
                read = words.readers([found])["body"](value)
                assert len(Asked([check], ["body"]).broken({"body": read})) == 1
