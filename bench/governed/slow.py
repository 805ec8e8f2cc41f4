"""The same call as people write it on Starlette, slowapi and joserfc: what our governing is measured against, in kind.

A token is verified at every call, a log line is written for it, and slowapi counts both limits in memory.
"""

import json
import logging
import time
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from slowapi import Limiter
from slowapi.errors import RateLimitExceeded
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.governed import world

LIMIT = "900000000/minute"


def app_of(key: RSAKey, log_file: Path) -> Starlette:
    """The app."""
    desk, written = world.Desk(), _log_to(log_file)
    lifecycle = [(name.decode(), value.decode()) for name, value in world.lifecycle_headers()]
    limiter = Limiter(key_func=lambda request: request.state.claims["sub"], headers_enabled=True)

    @limiter.limit(LIMIT)
    @limiter.limit(LIMIT, key_func=lambda request: request.state.claims["client_id"])
    async def engagement(request: Request, response: Response | None = None) -> Response:
        view = request.query_params.get("view", "brief")
        if view not in ("brief", "full") or set(request.query_params) - {"view"}:
            return JSONResponse({"detail": "view is brief or full"}, status_code=422)
        found = await desk.engagement(request.path_params["key"], view)
        answer = Response(msgspec.json.encode(found), media_type="application/json")
        for name, value in lifecycle:
            answer.headers.append(name, value)
        return answer

    async def governed(request: Request) -> Response:
        began = time.perf_counter()
        answer = await _checked(request, key, engagement)
        claims = getattr(request.state, "claims", {})
        written.info(
            json.dumps(
                {
                    "at": time.time(),
                    "method": request.method,
                    "path": request.url.path,
                    "status": answer.status_code,
                    "took": time.perf_counter() - began,
                    "subject": claims.get("sub"),
                    "client": claims.get("client_id"),
                    "scope": claims.get("scope"),
                    "from": request.client.host if request.client else "",
                }
            )
        )
        return answer

    app = Starlette(routes=[Route("/engagements/v1/engagements/{key}", governed)])
    app.state.limiter = limiter
    return app


async def _checked(request: Request, key: RSAKey, then: Any) -> Response:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    try:
        token = jwt.decode(bearer, key, algorithms=["RS256"])
        _CLAIMS.validate(token.claims)
    except (JoseError, ValueError):
        return JSONResponse({"detail": "a good access token is needed"}, status_code=401)
    if scheme.lower() != "bearer" or token.header.get("typ") != "at+jwt":
        return JSONResponse({"detail": "an access token is needed"}, status_code=401)
    request.state.claims = token.claims
    if world.SCOPE not in token.claims.get("scope", "").split():
        return JSONResponse({"detail": "the scope is missing"}, status_code=403)
    try:
        answer: Response = await then(request)
    except RateLimitExceeded:
        return JSONResponse({"detail": "too many"}, status_code=429)
    return answer


_CLAIMS = jwt.JWTClaimsRegistry(
    iss={"essential": True, "value": world.ISSUER},
    aud={"essential": True, "value": world.AUDIENCE},
    exp={"essential": True},
    sub={"essential": True},
)


def _log_to(path: Path) -> logging.Logger:
    logger = logging.getLogger("bench.access")
    logger.addHandler(logging.FileHandler(path))
    logger.setLevel(logging.INFO)
    logger.propagate = False
    return logger
