"""A page for every problem type, at the type's own address: what it means, who can mend it, and how.

Made from the faults themselves: the docstring's first part is the meaning, the part after `Mend:` is how.
"""

import html
import json
from http import HTTPStatus
from typing import Final

import msgspec
from litestar import MediaType, get
from litestar.params import FromPath

from canonical.faults import Fault, NotFound
from gateway.answers import answer_of
from gateway.page import as_page

_SITE: Final = "https://api.firm.example"


class ProblemPage(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one kind of problem."""

    reason: str
    title: str
    status: int
    means: str
    mended_by: str
    mend: str
    again: bool
    """Whether the same call may go well later."""
    example: str
    """A whole answer, headers and body, as text."""


def page_of(kind: type[Fault]) -> ProblemPage:
    """Raises `ValueError` when the fault's docstring does not say what it means and how to mend it."""
    means, _, mend = " ".join((kind.__dict__.get("__doc__") or "").split()).partition("Mend: ")
    if not means or not mend:
        raise ValueError(f"{kind.__module__}: {kind.__name__}: its docstring says what it means, then `Mend: ` and how")
    return ProblemPage(
        reason=kind.reason,
        title=kind.title,
        status=kind.status,
        means=means.strip(),
        mended_by=kind.mended_by,
        mend=mend[0].upper() + mend[1:],
        again=kind.retry,
        example=_example(kind),
    )


@get("/problems/{reason:str}", media_type=MediaType.HTML, sync_to_thread=False)
def problem_page(reason: FromPath[str]) -> str:
    """The page of one reason."""
    kind = Fault.kinds.get(reason)
    if kind is None:
        raise NotFound(f"There is no problem {reason!r}.")
    return as_html(page_of(kind))


def as_html(page: ProblemPage) -> str:
    """For whoever follows the `type` of a problem document in a browser."""
    said = {name: html.escape(str(getattr(page, name))) for name in page.__struct_fields__}
    return as_page(
        said["title"],
        f"""<h1>{said["title"]}</h1>
<p><code>{said["reason"]}</code>, status {said["status"]}</p>
<dl>
<dt>What it means</dt><dd>{_coded(said["means"])}</dd>
<dt>Who can mend it</dt><dd>{said["mended_by"][:1].upper()}{said["mended_by"][1:]}.</dd>
<dt>How</dt><dd>{_coded(said["mend"])}</dd>
<dt>Does trying again help?</dt><dd>{_again(page)}</dd>
</dl>
<h2>What the answer looks like</h2>
<pre>{said["example"]}</pre>""",
    )


def as_markdown(page: ProblemPage) -> list[str]:
    """The same for the reference pages, paragraph by paragraph."""
    return [
        f"{page.title}: status {page.status}.",
        page.means,
        f"Who can mend it: {page.mended_by}. {page.mend}",
        f"Does trying again help? {_again(page)}",
        f"```http\n{page.example}\n```",
    ]


def _again(page: ProblemPage) -> str:
    return "Yes, later and unchanged." if page.again else "Not as it is."


def _coded(text: str) -> str:
    """Backticks as code."""
    parts = text.split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))


def _example(kind: type[Fault]) -> str:
    fault = kind(kind.title + ".")
    fault.facts |= {"retry_after": "6"} if kind.retry else {}
    status, headers, body = answer_of(fault, request_id="5c2f9d0a1b7e4e63", instance="/notes/v1/notes/n1", site=_SITE)
    shown = [f"{name.decode().title()}: {value.decode()}" for name, value in headers if name != b"content-length"]
    document = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    return "\n".join([f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *shown, "", document])
