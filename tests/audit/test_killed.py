"""kill -9 under load: what was answered is on record, and the record is whole."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import msgspec
import pytest

from gateway.audit import query, verify
from tests.gateway.notes import KEY, NOTES_FILE, token, write_policies
from tests.processes import ROOT

CALLERS = 16


@pytest.mark.parametrize("after", [200, 500])
def test_no_answered_durable_call_is_missing_after_a_kill(tmp_path: Path, after: int) -> None:
    durable = NOTES_FILE.replace("audit: bodies", "audit: {keep: bodies, durable: true}")
    write_policies(tmp_path, notes=durable.replace("writes: {rate: 3/min, per: user}", "writes: {rate: 1m/min}"))
    (tmp_path / "key.json").write_bytes(msgspec.json.encode(KEY.as_dict(private=True)))
    command = [sys.executable, "-m", "tests.audit.process_that_dies", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        answered = asyncio.run(_load(f"http://127.0.0.1:{port}", after, process))
        assert process.wait(10) == -signal.SIGKILL
    on_record = {kept.record.request_id: kept.record.status for kept in query(tmp_path / "audit.db", limit=100_000)}
    assert len(answered) >= after
    assert [request_id for request_id in answered if on_record.get(request_id) != 200] == []
    assert verify(tmp_path / "audit.db") == []


async def _load(url: str, after: int, process: "subprocess.Popen[str]") -> list[str]:
    """Calls without pause by several callers, until the process is killed in their midst; the ids answered."""
    answered: list[str] = []

    async def call(number: int, http: httpx.AsyncClient) -> None:
        headers = {"Authorization": f"Bearer {token(sub=f'person-{number}')}"}
        for count in range(10_000):
            path, body = f"/notes/v2/notes/by-key/k{count}", {"title": "a", "author": f"person-{number}@firm.example"}
            try:
                answer = await http.put(path, json=body, headers=headers)
            except httpx.TransportError:
                return
            assert answer.status_code == 200, answer.text
            answered.append(answer.headers["x-request-id"])
            if len(answered) == after:
                process.kill()

    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as http:
        await asyncio.gather(*(call(number, http) for number in range(CALLERS)))
    return answered
