"""The issuer's pages: rendered here, styled by their own stylesheet, and nothing inline (CSP `default-src 'self'`)."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Response
from litestar.datastructures import Cookie
from litestar.exceptions import NotFoundException

from gateway.identity.settings import MOUNT

FILES: Final = {"identity.css": "text/css; charset=utf-8", "mark.svg": "image/svg+xml"}
SCOPE_WORDS: Final = {
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your email address",
    "offline_access": "Stay signed in while you are away",
    "desk:read": "See runs, cases and their history",
    "desk:act": "Retry and settle cases in your name",
    "desk:approve": "Approve exceptions in your name",
    "portal:read": "See your projects, milestones and billing",
}
"""What a scope means to the person who grants it; an unknown one is shown as it is."""


class Pages:
    """Renders `templates/*.html`."""

    def __init__(self) -> None:
        self._files = {name: (files("gateway.identity") / "static" / name).read_bytes() for name in FILES}
        self._templates = Environment(
            loader=PackageLoader("gateway.identity"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.globals.update(mount=MOUNT, static=self._address)

    def render(
        self,
        template: str,
        *,
        status: int = 200,
        cookies: Sequence[Cookie] = (),
        goes_to: str = "",
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> Response[bytes]:
        """One page. `goes_to` is where its form may lead in the end: browsers hold redirects to `form-action` too."""
        parts = urlsplit(goes_to)
        form_action = f"'self' {parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"
        content = self._templates.get_template(template).render(**values)
        return Response(
            content.encode(),
            status_code=status,
            media_type="text/html; charset=utf-8",
            cookies=list(cookies),
            headers={
                "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
                f"form-action {form_action}",
                "Cache-Control": "no-store",
            }
            | (headers or {}),
        )

    def file(self, name: str) -> Response[bytes]:
        """The stylesheet or the mark; the address holds the hash, so a browser may keep it for good."""
        if name not in FILES:
            raise NotFoundException
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(self._files[name], media_type=FILES[name], headers=headers)

    def _address(self, name: str) -> str:
        return f"{MOUNT}/static/{hashlib.sha256(self._files[name]).hexdigest()[:12]}/{name}"
