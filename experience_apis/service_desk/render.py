"""Pages from templates: whole to a browser, or only the part that changes when htmx asks for it.

A part has its page's own address; the header `HX-Request` decides. Every answer carries the content security policy of
pages without any inline script or style, and an ETag, so that an unchanged part costs one short answer.
"""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
import msgspec
from litestar import MediaType, Request, Response
from lucide import lucide_icon
from markupsafe import Markup

from canonical.dates import now
from canonical.ports.processes import ConnectionHealth
from experience_apis import SignedIn
from experience_apis.service_desk import comparing, figures, stories, words
from experience_apis.service_desk.assets import Assets

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "HX-Request, Cookie",
}


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a page shows."""

    template: str
    title: str
    values: dict[str, Any] = {}
    section: str = ""
    """The entry of the side bar it belongs to."""
    status: int = 200
    every: int = 0
    """Seconds until the page asks for itself again; 0 for never."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What stands around every page."""

    environment: str
    signed: SignedIn | None = None
    open_cases: int | None = None
    troubled: int = 0
    """Connections that do not answer or are signed out."""
    query: str = ""


class Renderer:
    """The templates of the console."""

    def __init__(self, assets: Assets) -> None:
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._templates.globals.update(
            asset=assets.address,
            icon=icon,
            words=words,
            comparing=comparing,
            stories=stories,
            initials=initials,
            pretty=pretty,
            **{
                name: getattr(figures, name)
                for name in ("money", "rounded", "amount", "clock", "day", "when", "age", "took")
            },
        )

    def respond(self, request: Request[Any, Any, Any], view: View, frame: Frame) -> Response[bytes]:
        """The answer to a browser: 304 when it has just this already."""
        part = request.headers.get("HX-Request") == "true"
        template = self._templates.get_template(view.template)
        html = template.render(
            layout="part.html" if part else "whole.html",
            view=view,
            frame=frame,
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            at=now(),
            **view.values,
        ).encode()
        # The time of the answer stands in whole pages only, so an unchanged part keeps its tag.
        tag = f'"{hashlib.sha256(html).hexdigest()[:20]}"'
        headers = HEADERS | {"ETag": tag}
        if view.status == 200 and request.headers.get("If-None-Match") == tag:
            return Response(b"", status_code=304, headers=headers)
        return Response(html, status_code=view.status, media_type=MediaType.HTML, headers=headers)


class Names:
    """Systems as people call them; one nobody told us about keeps its own name. Our own steps name no system."""

    def __init__(self, connections: list[ConnectionHealth]) -> None:
        self._known = {found.system: found for found in connections}

    def title(self, system: str) -> str:
        """`NetSuite` for `netsuite`, `NetSuite contract` for a record of it."""
        first, _, record = system.partition(" ")
        if first in ("", "tiergate"):
            return "Tiergate"
        title = self._known[first].title if first in self._known else first.capitalize()
        return f"{title} {record}".strip()

    def short(self, system: str) -> str:
        """Two letters for the badge."""
        if system in ("", "tiergate"):
            return "TG"
        found = self._known.get(system)
        return found.abbreviation if found and len(found.abbreviation) > 1 else self.title(system)[:2].upper()


@cache
def icon(name: str) -> Markup:
    """One Lucide icon, decorative: a word always stands beside it."""
    svg = lucide_icon(name)
    inside = svg[svg.index(">") + 1 : svg.rindex("</svg>")]
    return Markup('<svg class="i" viewBox="0 0 24 24" aria-hidden="true">{}</svg>').format(
        Markup(" ".join(inside.split()))  # noqa: S704 - drawn by the package, never by a person
    )


def initials(name: str) -> str:
    """`PN` for Priya Nair."""
    parts = name.split()
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper()


def pretty(text: str) -> str:
    """Masked JSON with its lines broken; anything else as it is."""
    try:
        return msgspec.json.format(text, indent=2)
    except msgspec.DecodeError:
        return text


def heat(cases: list[Any], at: datetime) -> list[tuple[str, list[tuple[int, int]]]]:
    """Open cases by tier and age: for each tier (count, step of colour 0 to 5) up to 15 min, 1 h, 4 h, 1 day, older."""
    bounds = (15 * 60, 3600, 4 * 3600, 86400, float("inf"))
    weight = {"T0": 3, "T1": 2, "T2": 1, "T3": 0}
    rows = []
    for tier in ("T0", "T1", "T2", "T3"):
        counts = [0] * len(bounds)
        for case in cases:
            if case.tier == tier:
                old = (at - case.opened_at).total_seconds()
                counts[next(i for i, bound in enumerate(bounds) if old <= bound)] += 1
        rows.append((tier, [(n, min(n + weight[tier], 5) if n else 0) for n in counts]))
    return rows
