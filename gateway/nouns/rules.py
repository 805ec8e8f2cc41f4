"""`rules`: what must hold of a call's body and parameters besides its contract, as CEL expressions.

    rules:
      lines-in-one-currency:
        check: body.lines.all(line, currency(line.amount) == body.currency)
        message: Every line is billed in the currency of the schedule.

What `check` says must be true. It reads `body`, `parameters` (of path and query), `caller` (`client`, `roles`,
`scopes`, `tier`) and `today` (UTC); a field that was not sent is not there, and to read it breaks the rule, so what may
be missing is asked for with `has(body.end)`. Money, decimals, dates and instants are compared with `same`, `lt` and
`le`, and reckoned with `sum`, `plus`, `minus`, `times`, `days`: exactly, and never across currencies. They are written
`money('12.50', 'EUR')`, `decimal('0.5')`, `date('2026-09-01')`, `instant('2026-09-01T12:00:00Z')`.

A broken rule refuses the call, with all others that are broken; `severity: warn` lets it pass, and says so in the
answer's `Tiergate-Warned`, in the record and in `tiergate_rules_broken`. Names, fields, functions and types are checked
when the policy is: of an API that is not ours (`spec`) against its owner's document, in which an object of `amount` and
`currency` is money, a number is a decimal (but for the formats float and double) and what may be of two kinds cannot be
read. `||` and `&&` do without a side that cannot be decided where the other one decides: `policy check` warns where a
field that may be missing would so be passed over. A large body is decided in a process of its own, within a second, or
refused.
"""

import asyncio
import re
from collections.abc import Awaitable, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qs

import msgspec

from canonical.faults import Fault, FieldError, Invalid, Malformed
from canonical.ports import Operation, Raw
from foundation.api import PageOperation
from foundation.schemas import Described, convert_parameter, decode
from gateway.call import Call, Http
from gateway.cel.refusals import RuleBroken, RulesUndecided
from gateway.contracts import Checks, contract_at
from gateway.contracts.bodies import form_of, once
from gateway.contracts.parameters import Asked as Said
from gateway.contracts.parameters import said as said_as
from gateway.metrics import RULES
from gateway.noun import Noun, Rule, Site
from gateway.refusals import UnsupportedMedia

if TYPE_CHECKING:
    # Without a rule in the policies the process never loads CEL.
    from gateway.cel.expressions import Expression, Vocabulary
    from gateway.cel.worker import Worker

_ID: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_MOST: Final = 50
"""Rules of one operation."""
_SMALL: Final = 16 * 1024
"""Bytes of a body that is decided in the event loop: a few milliseconds at most, whatever the rules are."""
_SMALL_SQUARED: Final = 4 * 1024
"""The same, where a rule takes the square of what it looks at."""
_OFF_LOOP: Final = 64 * 1024
"""Bytes from which on a body that is not ours is read in a thread."""
_GROUPED: Final = ("path", "query")
"""Where those parameters stand that rules can read."""
_SECONDS: Final = 1.0
"""How long the rules of one call may take, waiting for others included."""


class BusinessRule(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must hold."""

    check: str
    """A CEL expression that is true of every call that may pass."""
    message: str
    """What a caller is told who breaks it: a sentence."""
    severity: Literal["block", "warn"] = "block"
    """Whether a call that breaks it is refused, or passes and is noted."""

    def __post_init__(self) -> None:
        if not self.message.strip():
            raise ValueError("message is empty: say in a sentence what must hold")


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that was checked."""

    id: str
    said: BusinessRule
    expression: Any
    where: str


class Rules(Rule):
    """All rules of one operation."""

    refuses: tuple[type[Fault], ...] = (RuleBroken, RulesUndecided, Invalid, Malformed)

    def __init__(self, where: str, operation: Operation, rules: list[Compiled], vocabulary: "Vocabulary") -> None:
        from gateway.cel.expressions import Asked

        super().__init__(where)
        self._operation = operation
        self._rules = rules
        expressions: list[Expression] = [rule.expression for rule in rules]
        warning = ", ".join(rule.id for rule in rules if rule.said.severity == "warn")
        if warning:
            self.answers = {"Tiergate-Warned": f"The business rules the call does not keep, by id; of these: {warning}"}
        self._texts = [expression.text for expression in expressions]
        self._readers = vocabulary.readers(expressions)
        roots = {path for expression in expressions for path in expression.facts.roots}
        self._variables = sorted({path[0] for path in roots})
        self._parameters = [p for p in operation.parameters if any(p.name in path for path in roots)]
        self._asked = Asked(self._texts, self._variables)
        squared = any(expression.facts.squared for expression in expressions)
        self._small = _SMALL_SQUARED if squared else _SMALL

    def admit(self, call: Call) -> Awaitable[None] | None:
        return self._decide(call)

    async def _decide(self, call: Call) -> None:
        given: dict[str, Any] = {}
        size = 0
        for name in self._variables:
            if name == "body":
                given[name], size = await self._body(call)
            else:
                given[name] = self._known(name, call)
        if size <= self._small:
            self._judge(call, self._asked.broken(self._read(given)))
        else:
            self._judge(call, await asyncio.to_thread(self._apart, given))

    def _read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._readers[name](value) for name, value in given.items()}

    def _apart(self, given: Mapping[str, Any]) -> list[str | None]:
        from gateway.cel.worker import Undecided

        try:
            return worker().ask(self._texts, self._read(given), _SECONDS)
        except Undecided as undecided:
            raise RulesUndecided(f"The business rules were not decided: {undecided}.", retry_after="1") from undecided

    async def _body(self, call: Call) -> tuple[Any, int]:
        """What was sent, as its type, and about how large it is."""
        if call.http is None:
            data = call.arguments.get("data")
            return data, len(msgspec.msgpack.encode(data))
        raw = await call.read_body()
        return decode(raw, self._operation.body), len(raw)

    def _known(self, name: str, call: Call) -> Any:
        if name == "today":
            return datetime.fromtimestamp(call.services.clock(), UTC).date()
        if name == "parameters":
            return self._parameters_of(call) if call.http is None else self._parameters_over(call, call.http)
        caller = call.caller
        if caller is None:
            return {"client": "", "roles": [], "scopes": [], "tier": ""}
        return {
            "client": caller.client,
            "roles": sorted(caller.roles),
            "scopes": sorted(caller.scopes),
            "tier": "" if caller.layer == "external" else caller.layer,
        }

    def _parameters_of(self, call: Call) -> dict[str, Any]:
        return {p.name: call.arguments.get(p.name, None if p.required else p.default) for p in self._parameters}

    def _parameters_over(self, call: Call, http: Http) -> dict[str, Any]:
        query = parse_qs(http.query.decode("latin-1"), keep_blank_values=True)
        found: dict[str, Any] = {}
        for p in self._parameters:
            if p.place == "path":
                found[p.name] = convert_parameter(str(call.arguments[p.name]), p.type, f"path:{p.name}")
            elif p.name in query:
                found[p.name] = convert_parameter(query[p.name][-1], p.type, f"query:{p.name}")
            elif not p.required:
                found[p.name] = p.default
        return found

    def _judge(self, call: Call, broken: list[str | None]) -> None:
        """Refuse for all rules that are broken, and note those that only warn."""
        found = [(rule, why) for rule, why in zip(self._rules, broken, strict=True) if why is not None]
        if not found:
            return
        api, operation = call.governed.api.key, call.governed.operation.id
        if call.served_here:
            for rule, _ in found:
                RULES.labels(api, operation, rule.id, rule.said.severity).inc()
        blocking = [(rule, why) for rule, why in found if rule.said.severity == "block"]
        call.warned = tuple(rule.id for rule, _ in found if rule.said.severity == "warn")
        if call.warned:
            call.headers.append((b"tiergate-warned", ", ".join(call.warned).encode()))
        if blocking:
            call.broken = tuple(rule.id for rule, _ in blocking)
            raise RuleBroken(
                "It breaks " + (f"the rule {call.broken[0]}." if len(blocking) == 1 else f"{len(blocking)} rules."),
                errors=[self._error(rule, why) for rule, why in blocking],
                policy=blocking[0][0].where,
                rule=" ".join(call.broken),
            )

    def _error(self, rule: Compiled, why: str) -> FieldError:
        return FieldError(
            detail=f"{rule.said.message.strip()} ({why})" if why else rule.said.message.strip(),
            pointer=self._pointer(rule.expression.pointer),
            rule=rule.id,
            policy=rule.where,
        )

    def _pointer(self, said: str) -> str:
        name = said.removeprefix("parameter:")
        return next((f"{p.place}:{name}" for p in self._parameters if p.name == name), "") if name != said else said


class RulesOfOthers(Rules):
    """Those of an operation that is not ours: what they read is as its owner's document has it."""

    refuses = (*Rules.refuses, UnsupportedMedia)

    def __init__(
        self, where: str, operation: Operation, rules: list[Compiled], vocabulary: "Vocabulary", checks: Checks
    ) -> None:
        super().__init__(where, operation, rules, vocabulary)
        read = {p.name for p in self._parameters}
        self._described = [p for p in checks.parameters if p.where in _GROUPED and p.name in read]

    def _read(self, given: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return super()._read(given)
        except Invalid as wrong:
            errors = [msgspec.structs.replace(each, pointer=self._pointer(each.pointer)) for each in wrong.errors]
            raise Invalid("Some fields are not as they must be.", errors=errors) from None

    async def _body(self, call: Call) -> tuple[Any, int]:
        assert call.http is not None
        raw = await call.read_body()
        if not raw:
            return {}, 0
        media = call.http.headers.get("content-type", "").partition(";")[0].strip().lower()
        if form_of(media) != "json":
            raise UnsupportedMedia(f"The body is {media or 'of no media type'}; rules look into it: send JSON.")
        return (once(raw) if len(raw) < _OFF_LOOP else await asyncio.to_thread(once, raw)), len(raw)

    def _parameters_over(self, call: Call, http: Http) -> dict[str, Any]:
        asked, found = Said.of(call.arguments, http.query, http.headers), {}
        for parameter in self._described:
            try:
                found[parameter.name] = said_as(parameter, asked)
            except ValueError as wrong:
                error = FieldError(pointer=f"{parameter.where}:{parameter.name}", detail=str(wrong))
                raise Invalid("A parameter is not as it must be.", errors=[error]) from None
        return found


@cache
def worker() -> "Worker":
    """The process that decides large bodies: one, whichever operation asks."""
    from gateway.cel.worker import Worker

    return Worker()


def build(site: Site) -> Rule | None:
    """Every expression is checked against the types of the operation."""
    said: dict[str, BusinessRule] | None = site.said("rules")
    if not said:
        return None
    operation = site.operation
    if isinstance(operation, PageOperation):
        site.problem("rules", "a page takes no body that a rule could be about")
        return None
    from gateway.cel.expressions import Expression

    document = site.api.document
    checks = contract_at(document).operation(operation.id) if document is not None else None
    vocabulary = _vocabulary(operation, checks, document or {})
    if len(said) > _MOST:
        site.problem("rules", f"{len(said)} rules are more than the {_MOST} an operation may have")
    compiled = []
    for name, rule in said.items():
        if not _ID.fullmatch(name):
            site.problem("rules", f"{name!r} is no id for a rule: write it like lines-in-one-currency", name)
        checked = vocabulary.check(rule.check)
        if isinstance(checked, Expression):
            where = site.where_in("rules", name, "check")
            compiled.append(Compiled(id=name, said=rule, expression=checked, where=where))
            for each in checked.hidden:
                way, operator = each.way, each.operator
                says = f"{way} may not be there, and the other side of {operator} would hide that: ask has({way}) too"
                site.remark("rules", f"rules.{name}.check: {says}", name, "check")
        else:
            site.problem("rules", f"rules.{name}.check: {checked}", name, "check")
    if not compiled:
        return None
    if checks is not None:
        return RulesOfOthers(site.where("rules"), operation, compiled, vocabulary, checks)
    return Rules(site.where("rules"), operation, compiled, vocabulary)


def _vocabulary(operation: Operation, checks: Checks | None, document: Mapping[str, Any]) -> "Vocabulary":
    from gateway.cel.expressions import Vocabulary
    from gateway.cel.shapes import Shapes

    found, shapes = Vocabulary(), Shapes(document)
    if isinstance(operation.body, Described):
        found.variable("body", shapes.of(operation.body.schema, "Body"))
    elif operation.body not in (None, Raw):
        found.variable("body", operation.body)
    if checks is not None:
        described = [p for p in checks.parameters if p.where in _GROUPED]
        kinds = {p.name: shapes.of(p.schema, "Parameter") for p in described}
        found.group("parameters", kinds, [p.name for p in described if not p.required])
    elif operation.parameters:
        missable = [p.name for p in operation.parameters if not p.required and p.default is None]
        found.group("parameters", {p.name: p.type for p in operation.parameters}, missable)
    found.group("caller", {"client": str, "roles": list[str], "scopes": list[str], "tier": str})
    found.variable("today", date)
    return found


NOUN = Noun(name="rules", stage="rules", build=build, operation=dict[str, BusinessRule])
