"""The issuer's tables. Times are whole seconds since the epoch, as in the tokens themselves.

What is handed out (codes, refresh tokens, cookies, client secrets) is stored as a digest only.
"""

from typing import Final

from sqlalchemy import JSON, Boolean, Column, Index, Integer, MetaData, String, Table, Text

METADATA: Final = MetaData()

clients: Final = Table(
    "identity_clients",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("secret_digest", String(64), nullable=False),  # empty: a public client
    Column("first_party", Boolean, nullable=False),
    Column("redirect_uris", JSON, nullable=False),
    Column("sign_out_uris", JSON, nullable=False),
    Column("grants", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("layer", String(16), nullable=False),
)

users: Final = Table(
    "identity_users",
    METADATA,
    Column("login", String(254), primary_key=True),
    Column("name", String(128), nullable=False),
    Column("password_hash", String(256), nullable=False),
    Column("roles", JSON, nullable=False),
    Column("scopes", JSON, nullable=False),
    Column("account_id", String(128), nullable=False),
    Column("active", Boolean, nullable=False),
)

sign_ins: Final = Table(
    "identity_sign_ins",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("login", String(254), nullable=False),
    Column("at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False, index=True),
)

codes: Final = Table(
    "identity_codes",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("client_id", String(64), nullable=False),
    Column("login", String(254), nullable=False),
    Column("scope", Text, nullable=False),
    Column("resource", JSON, nullable=False),
    Column("auth_time", Integer, nullable=False),
    Column("family", String(32), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("code_challenge", String(128), nullable=False),
    Column("nonce", Text, nullable=False),
    Column("expires_at", Integer, nullable=False, index=True),
    Column("used_at", Integer),
)

refresh_tokens: Final = Table(
    "identity_refresh_tokens",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("client_id", String(64), nullable=False),
    Column("login", String(254), nullable=False),
    Column("scope", Text, nullable=False),
    Column("resource", JSON, nullable=False),
    Column("auth_time", Integer, nullable=False),
    Column("family", String(32), nullable=False, index=True),
    Column("expires_at", Integer, nullable=False, index=True),
    Column("used_at", Integer),
)

keys: Final = Table(
    "identity_keys",
    METADATA,
    Column("kid", String(64), primary_key=True),
    Column("public", JSON, nullable=False),
    Column("sealed", Text, nullable=False),  # the private key, encrypted; empty once retired
    Column("created_at", Integer, nullable=False),
    Column("retired_at", Integer),
)

revoked: Final = Table(
    "identity_revoked",
    METADATA,
    Column("id", String(64), primary_key=True),  # the `jti` of one token, or the `sid` of all of one sign-in
    Column("expires_at", Integer, nullable=False, index=True),
)

page_sessions: Final = Table(
    "identity_page_sessions",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("sealed", Text, nullable=False),  # encrypted with the cookie itself: unreadable without the browser
    Column("expires_at", Integer, nullable=False),
    Index("identity_page_sessions_expiry", "expires_at"),
)
