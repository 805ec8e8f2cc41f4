"""How the tests talk to an issuer: a clock that can be turned, a browser, and an independent client."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.jwk import KeySet
from litestar import Litestar, get
from sqlalchemy import Engine

from gateway.identity.app import Identity
from gateway.identity.exchange import GRANT
from gateway.identity.sealing import hash_password

HOST = "http://127.0.0.1:8080"
ISSUER = f"{HOST}/identity"
AUDIENCE = "https://api.acme.example"
BACK = "http://127.0.0.1:9000/back"
VERIFIER = "v" * 64
PASSWORD = "correct horse battery staple"
SECRET = "a-secret-of-the-tests"
PASSWORD_HASH = hash_password(PASSWORD)

WEB = ["authorization_code", "refresh_token"]
SCOPES = ["openid", "profile", "email", "desk:read", "desk:act", "portal:read"]
CLIENTS: dict[str, dict[str, Any]] = {
    "console": {"grants": WEB, "scopes": SCOPES},
    "phone": {"grants": WEB, "scopes": SCOPES, "secret_digest": ""},
    "foreign": {"grants": WEB, "scopes": SCOPES, "first_party": False, "name": "Foreign Reports"},
    "robot": {"grants": ["client_credentials"], "scopes": ["runs:start", "runs:read"]},
    "process-tier": {"grants": ["client_credentials", GRANT], "scopes": ["system:call"], "layer": "process"},
    "experience-tier": {"grants": ["client_credentials", GRANT], "scopes": ["process:call"], "layer": "experience"},
    "system-tier": {"grants": ["client_credentials", GRANT], "scopes": ["x:y"], "layer": "system"},
}
PEOPLE: dict[str, dict[str, Any]] = {
    "priya@acme.example": {"name": "Priya Nair", "roles": ["service_desk"], "scopes": ["desk:read", "desk:act"]},
    "dana@acme.example": {"name": "Dana Whitfield", "roles": ["finance"], "scopes": ["desk:read"]},
    "nina@harbor-logistics.example": {
        "name": "Nina Castellano",
        "roles": ["customer"],
        "scopes": ["portal:read"],
        "account_id": "salesforce:001A",
    },
}


class Clock:
    """Seconds since the epoch, turned by hand."""

    def __init__(self) -> None:
        self.time = 1_900_000_000.0

    def __call__(self) -> float:
        return self.time


class World:
    """The issuer under test, and how a browser and a client talk to it."""

    def __init__(self, identity: Identity, engine: Engine, clock: Clock) -> None:
        @get("/desk", sync_to_thread=False)
        def desk() -> str:
            return "the desk"

        self.identity, self.engine, self.clock = identity, engine, clock
        self.app = Litestar([identity.router(), desk], openapi_config=None)
        self.transport = httpx.ASGITransport(self.app)
        self.browser = httpx.AsyncClient(transport=self.transport, base_url=HOST)

    def oauth(self, client: str = "console", secret: str = SECRET, **options: Any) -> AsyncOAuth2Client:
        """An independent client, as others would use."""
        return AsyncOAuth2Client(
            client,
            secret if client != "phone" else None,
            redirect_uri=BACK,
            code_challenge_method="S256",
            transport=self.transport,
            token_endpoint=f"{ISSUER}/token",
            **options,
        )

    def url(self, client: str = "console", scope: str = "openid desk:read", **parameters: str) -> str:
        url, _ = self.oauth(client).create_authorization_url(
            f"{ISSUER}/authorize", code_verifier=VERIFIER, state="st4te", scope=scope, **parameters
        )
        return str(url)

    async def submit(self, page: httpx.Response, path: str, **fields: str) -> httpx.Response:
        """Send the form of a page, its hidden fields included."""
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text))
        unescaped = {name: value.replace("&amp;", "&") for name, value in hidden.items()}
        return await self.browser.post(f"/identity/{path}", data=unescaped | fields)

    async def sign_in(self, url: str, login: str = "priya@acme.example", password: str = PASSWORD) -> httpx.Response:
        """Follow an authorization address through the sign-in page, up to the redirect away from the issuer."""
        answer = await self.browser.get(url)
        if answer.headers.get("location", "").startswith("/identity/login"):
            page = await self.browser.get(answer.headers["location"])
            answer = await self.submit(page, "login", login=login, password=password)
            answer = await self.browser.get(answer.headers["location"])
        return answer

    async def code(self, url: str, login: str = "priya@acme.example") -> str:
        answer = await self.sign_in(url, login)
        return sent_back(answer)["code"]

    async def redeem(self, code: str, client: str = "console", **parameters: Any) -> dict[str, Any]:
        async with self.oauth(client) as oauth:
            options = {"code_verifier": VERIFIER} | parameters
            return dict(await oauth.fetch_token(grant_type="authorization_code", code=code, **options))

    async def tokens(
        self, client: str = "console", login: str = "priya@acme.example", scope: str = "openid desk:read"
    ) -> dict[str, Any]:
        return await self.redeem(await self.code(self.url(client, scope), login), client)

    async def refresh(self, token: dict[str, Any], client: str = "console", **parameters: str) -> dict[str, Any]:
        async with self.oauth(client) as oauth:
            return dict(await oauth.refresh_token(refresh_token=token["refresh_token"], **parameters))

    async def verified(self, token: str) -> jwt.Token:
        """A token verified by the published keys alone, as a stranger would."""
        keys = KeySet.import_key_set((await self.browser.get("/identity/jwks")).json())
        return jwt.decode(token, keys, algorithms=["RS256"])


def sent_back(answer: httpx.Response) -> dict[str, str]:
    """What a redirect to the client carries; fails if it leads anywhere else."""
    location = answer.headers["location"]
    assert location.partition("?")[0] == BACK, location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
