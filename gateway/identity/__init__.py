"""Identity: the embedded OAuth 2.0 and OpenID Connect issuer, and the sign-in of server-rendered pages.

The issuer (`app.identity_app`) is for demonstration and tests: it speaks the standards, so any OIDC issuer named in
`policies/platform.yaml` replaces it, and it refuses to start under production settings. `session.PageSessions` is an
ordinary OIDC client and works with either.

    browser ──> /identity/authorize ──> /identity/login ──> back to the client with a code
    client  ──> /identity/token     ──> access token (RFC 9068), refresh token, id token
    gateway ──> /identity/jwks      ──> the keys that verify them
"""
