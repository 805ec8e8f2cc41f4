"""Batches (multipart/mixed) as exchanges write them: a list of parts, and for a change set a list of its own.

[{"method": "GET", "path": "..."}, [{"method": "PATCH", "path": "...", "body": {...}}]]     asked
[{"status": 200, "body": {...}}, [{"status": 204}]]                                         answered
"""

import json
from email import message_from_bytes
from email.message import Message
from typing import Any

import httpx

from foundation.sandbox import encode

Parts = list[Any]
HEAD = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary"


def written(parts: Parts, boundary: str = "b") -> tuple[bytes, str]:
    """The body of a batch, or of its answer, and its content type."""
    text = "".join(f"--{boundary}\r\n{_written(number, each)}\r\n" for number, each in enumerate(parts, 1))
    return f"{text}--{boundary}--\r\n".encode(), f"multipart/mixed; boundary={boundary}"


def _written(number: int, part: Any) -> str:
    if isinstance(part, list):
        inside, kind = written(part, "c")
        return f"Content-Type: {kind}\r\n\r\n{inside.decode()}"
    first = f"HTTP/1.1 {part['status']} ." if "status" in part else f"{part['method']} {part['path']} HTTP/1.1"
    headers = "".join(f"\r\n{name}: {value}" for name, value in part.get("headers", {}).items())
    body = encode(part["body"]) if "body" in part else ""
    kind = "\r\nContent-Type: application/json" if body else ""
    return f"{HEAD}\r\nContent-ID: {number}\r\n\r\n{first}{headers}{kind}\r\n\r\n{body}"


def is_batch(content_type: str) -> bool:
    return content_type.startswith("multipart/mixed")


def read(content: bytes, content_type: str) -> Parts:
    """The parts, without their headers."""
    return _read(message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + content))


def _read(whole: Message) -> Parts:
    found: Parts = []
    for part in whole.get_payload():  # type: ignore[union-attr]  # a whole has parts
        assert isinstance(part, Message)
        if part.is_multipart():
            found.append(_read(part))
            continue
        head, _, body = part.get_payload(decode=True).partition(b"\r\n\r\n")  # type: ignore[union-attr]  # bytes
        first, second, *_ = head.split(b"\r\n")[0].decode().split(" ")
        told: dict[str, Any] = {"method": first, "path": second}
        if first.startswith("HTTP/"):
            told = {"status": int(second)}
        found.append(told | ({"body": json.loads(body)} if body.strip() else {}))
    return found


def asked(parts: Parts) -> Parts:
    """The parts with their addresses taken apart, however they are escaped."""
    found: Parts = []
    for each in parts:
        if isinstance(each, list):
            found.append(asked(each))
            continue
        url = httpx.URL(f"http://vendor{each['path']}")
        found.append(each | {"path": (url.path, sorted(url.params.multi_items()))})
    return found


def said(sent_or_replied: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """What stands in an exchange, as bytes with its headers."""
    headers = dict(sent_or_replied.get("headers") or {})
    if "parts" in sent_or_replied:
        content, kind = written(sent_or_replied["parts"])
        return content, headers | {"Content-Type": kind}
    body = sent_or_replied.get("body", "")
    return (body if isinstance(body, str) else encode(body)).encode(), headers
