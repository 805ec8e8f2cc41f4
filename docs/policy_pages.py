"""The reference pages of the policy language: one a noun, one a problem, and their lists.

Made from what the gateway itself runs on: the nouns it discovers, their Structs and the refusals of their rules. The
example of a noun is a file of its own, `docs/nouns/<noun>.yaml`, which is also a test.
"""

import inspect
import sys
import textwrap
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, Final

import msgspec
from reading import ROOT

from canonical.faults import Fault
from gateway import environments, ownership
from gateway.authoring import cases
from gateway.authoring.cases import Given, Then
from gateway.authoring.described import default_of, in_words, meaning, meanings, structs_in
from gateway.authoring.examples import Example, read_example
from gateway.authoring.outcomes import told
from gateway.loader import PolicyError
from gateway.noun import Noun, Rule, nouns
from gateway.policies import Product
from gateway.problems import as_markdown, page_of
from gateway.stages import STAGES

EXAMPLES: Final = ROOT / "docs" / "nouns"
Page = tuple[str, str, Iterable[str]]
"""Its path below docs/reference without `.md`, its title, its parts."""


def pages(gaps: list[str]) -> Iterator[Page]:
    """All of them; what is missing for one is added to `gaps`."""
    found = nouns()
    yield "nouns", "Policy nouns", _list_of_nouns(found)
    for noun in found:
        yield f"nouns/{noun.name}", f"`{noun.name}`", list(_noun(noun, gaps))
    yield "policy-tests", "Tests of policies", list(_told(cases, (Given, Then), gaps))
    yield (
        "environments",
        "Environments",
        list(_told(environments, (environments.Environment, environments.Addresses), gaps)),
    )
    yield "ownership", "Ownership", list(_told(ownership, (ownership.Field,), gaps))
    yield "problems", "Problem types", _list_of_problems()
    for kind in _kinds_of_problem():
        yield f"problems/{kind.reason}", f"`{kind.reason}`", list(_problem(kind, gaps))
    known = {noun.name for noun in found}
    gaps.extend(f"docs/nouns/{p.name} is of no noun" for p in sorted(EXAMPLES.glob("*.yaml")) if p.stem not in known)


def _told(module: ModuleType, structs: Iterable[type], gaps: list[str]) -> Iterator[str]:
    """A kind of file, as the module that reads it tells it."""
    first, *rest = inspect.cleandoc(module.__doc__ or "").split("\n\n")
    yield first
    yield from (f"```yaml\n{textwrap.dedent(part)}\n```" if part.startswith("    ") else part for part in rest)
    yield from (_struct(struct, gaps) for struct in structs)


def _list_of_nouns(found: Iterable[Noun]) -> Iterator[str]:
    ordered = sorted(found, key=lambda noun: (STAGES.index(noun.stage), noun.name))
    yield (
        "What may be said of an operation, in the order in which it is asked of a call. The order is fixed; nothing in "
        "a policy changes it."
    )
    rows = [(noun.stage, f"[`{noun.name}`](nouns/{noun.name}.md)", noun.says) for noun in ordered]
    yield _table(("stage", "noun", ""), rows)


def _kinds_of_problem() -> list[type[Fault]]:
    return sorted(Fault.kinds.values(), key=_reason)


def _list_of_problems() -> Iterator[str]:
    yield (
        "Every refusal and failure is a problem document (RFC 9457). Its `type` is the address of a page like these, "
        "served by the gateway at `/problems/<reason>`; where a type is registered with IANA, the registered one."
    )
    rows = [
        (str(kind.status), f"[`{kind.reason}`](problems/{kind.reason}.md)", kind.title, kind.mended_by)
        for kind in sorted(_kinds_of_problem(), key=lambda kind: (kind.status, kind.reason))
    ]
    yield _table(("status", "reason", "", "who can mend it"), rows)


def _problem(kind: type[Fault], gaps: list[str]) -> Iterator[str]:
    try:
        yield from as_markdown(page_of(kind))
    except ValueError as wrong:
        gaps.append(str(wrong))


def _noun(noun: Noun, gaps: list[str]) -> Iterator[str]:
    module = sys.modules[noun.build.__module__]
    doc = inspect.cleandoc(module.__doc__ or "")
    if not doc:
        gaps.append(f"gateway/nouns/{noun.name}.py does not say what it is for")
    yield "\n\n".join(_drawn(paragraph) for paragraph in doc.split("\n\n"))
    yield "\n".join(_facts(noun, module))
    structs = [struct for kind in _kinds(noun) for struct in structs_in(kind)]
    for struct in dict.fromkeys(structs):
        yield _struct(struct, gaps)
    yield from _example(noun, gaps)


def _drawn(paragraph: str) -> str:
    """A table drawn with spaces stays as it is drawn."""
    return f"```text\n{paragraph}\n```" if "   " in paragraph else paragraph


def _facts(noun: Noun, module: Any) -> Iterator[str]:
    yield f"- Stage: {noun.stage}."
    if noun.operation is not None:
        yield f"- At an operation, or under `defaults`: {in_words(noun.operation)}."
    if noun.api is not None:
        needed = " It must be there." if noun.required else ""
        yield f"- In an API's file: {in_words(noun.api)}.{needed}"
    for key, kind in (noun.platform or {}).items():
        yield f"- In platform.yaml, `{key}`: {in_words(kind)}."
    if noun.name == "products":
        yield f"- A file of `products/`: {in_words(Product)}."
    if noun.default:
        yield f"- Where nothing is said: `{noun.default}`."
    refused = {fault for rule in vars(module).values() if _is_rule(rule) for fault in rule.refuses}
    if refused:
        links = [f"[`{fault.reason}`](../problems/{fault.reason}.md)" for fault in sorted(refused, key=_reason)]
        yield f"- Refuses with: {', '.join(links)}."


def _is_rule(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, Rule)


def _reason(fault: type[Fault]) -> str:
    return fault.reason


def _kinds(noun: Noun) -> list[Any]:
    own = [Product] if noun.name == "products" else []
    return [kind for kind in (noun.operation, noun.api, *(noun.platform or {}).values(), *own) if kind is not None]


def _struct(struct: type, gaps: list[str]) -> str:
    said = meanings(struct)
    if not meaning(struct):
        gaps.append(f"{struct.__module__}: {struct.__name__} does not say what it is for")
    rows = []
    for field in msgspec.structs.fields(struct):
        default = "must be said" if field.required else f"`{default_of(field)}`" if default_of(field) else ""
        rows.append((f"`{field.encode_name}`", in_words(field.type), default, said.get(field.name, "")))
    table = _table(("key", "is", "where not said", ""), rows)
    return f"## {struct.__name__}\n\n{meaning(struct)}\n\n{table}"


def _example(noun: Noun, gaps: list[str]) -> Iterator[str]:
    path = EXAMPLES / f"{noun.name}.yaml"
    if not path.exists():
        gaps.append(
            f"gateway/nouns/{noun.name}.py has no example: write docs/nouns/{noun.name}.yaml, as its siblings are"
        )
        return
    try:
        example = read_example(path)
    except PolicyError as wrong:
        gaps.extend(wrong.problems)
        return
    yield f"## Example\n\n{example.says}"
    for name, text in example.files.items():
        yield f"`{name}`\n\n```yaml\n{text.strip()}\n```"
    yield _table(("who calls", "what", "what comes of it"), _asked(example))


def _asked(example: Example) -> Iterator[tuple[str, ...]]:
    for case in example.cases:
        asked = ", ".join(f"`{node.value}`" for node in case.when)
        who = "; ".join(told(given) for given in case.given)
        then = case.then
        outcome = f"[`{then.reason}`](../problems/{then.reason}.md)" if then.reason else "is let in"
        outcome = f"{then.status} {outcome}" if then.status else outcome
        headers = "".join(f", `{name}: {value.removeprefix('~')}`" for name, value in then.header.items())
        limit = f", limit `{then.limit}`" if then.limit else ""
        yield who, asked, f"{outcome}{limit}{headers}"


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
