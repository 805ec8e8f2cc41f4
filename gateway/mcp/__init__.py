"""Operations as tools for language models: a server of the Model Context Protocol at `/mcp`.

    POST /mcp ──> who asks (the APIs' own rules) ──> one JSON-RPC message ──> tools/call ──> the gateway, from within

A tool call is an HTTP call like any other from there on: the same compiled plan, the same limits, the same record, in
which the tool is named. Nothing is kept between two messages, so both ways of the protocol are spoken at one address:
the handshake of 2025-06-18 and 2025-11-25 (without a session, which is optional), and 2026-07-28, where every request
says its version by itself.
"""

from typing import Final

PATH: Final = "/mcp"
