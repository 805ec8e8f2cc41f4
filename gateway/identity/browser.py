"""What the issuer remembers of a browser: who signed in there, and that a form came from one of its own pages."""

import hmac
import time
from collections.abc import Callable, Mapping

from litestar.datastructures import Cookie
from sqlalchemy import Engine, delete, insert, select

from gateway.identity import tables
from gateway.identity.granted import new_token
from gateway.identity.parties import Person, SignIn, find_person
from gateway.identity.sealing import digest
from gateway.identity.settings import IdentitySettings


class Browser:
    """The issuer's two cookies. Both are unreadable to scripts; over https both are bound to the host (`__Host-`)."""

    def __init__(self, settings: IdentitySettings, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._engine = engine
        self._now = now
        prefix = "__Host-" if settings.secure else ""
        self.sign_in_cookie = f"{prefix}tiergate_identity"
        self.form_cookie = f"{prefix}tiergate_form"

    def signed_in(self, cookies: Mapping[str, str]) -> SignIn | None:
        """Who signed in with this browser, if they still may."""
        known = select(tables.sign_ins.c.login, tables.sign_ins.c.at).where(
            tables.sign_ins.c.digest == digest(cookies.get(self.sign_in_cookie, "")),
            tables.sign_ins.c.expires_at > self._now(),
        )
        with self._engine.connect() as connection:
            row = connection.execute(known).first()
        person = find_person(self._engine, row.login) if row is not None else None
        return SignIn(person, row.at) if row is not None and person is not None else None

    def sign_in(self, person: Person, cookies: Mapping[str, str]) -> Cookie:
        """Remember a person from now on; whoever was signed in before is forgotten."""
        self.sign_out(cookies)
        text, now = new_token(), int(self._now())
        with self._engine.begin() as connection:
            connection.execute(
                insert(tables.sign_ins).values(
                    digest=digest(text), login=person.login, at=now, expires_at=now + self._settings.sign_in_seconds
                )
            )
        return self._cookie(self.sign_in_cookie, text)

    def sign_out(self, cookies: Mapping[str, str]) -> Cookie:
        """Forget who is signed in."""
        known = digest(cookies.get(self.sign_in_cookie, ""))
        with self._engine.begin() as connection:
            connection.execute(delete(tables.sign_ins).where(tables.sign_ins.c.digest == known))
        return self._cookie(self.sign_in_cookie, "", max_age=0)

    def form_token(self, cookies: Mapping[str, str]) -> tuple[str, Cookie]:
        """The token a form must bring back, and the cookie that proves it was given to this browser."""
        text = cookies.get(self.form_cookie) or new_token()
        return text, self._cookie(self.form_cookie, text)

    def genuine(self, form: Mapping[str, str], cookies: Mapping[str, str]) -> bool:
        """Whether a form was sent from a page of ours in this browser."""
        text = cookies.get(self.form_cookie, "")
        return bool(text) and hmac.compare_digest(form.get("csrf", "").encode(), text.encode())

    def _cookie(self, name: str, value: str, max_age: int | None = None) -> Cookie:
        return Cookie(
            key=name,
            value=value,
            max_age=max_age,
            path="/",
            httponly=True,
            samesite="lax",
            secure=self._settings.secure,
        )
