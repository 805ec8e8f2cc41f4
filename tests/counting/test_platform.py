"""The platform as it is run, with a Redis by address: what is spent is spent there, and it outlives the Redis."""

from pathlib import Path
from typing import Any

import pytest

from tests.processes import Client, Command
from tests.redis_server import RedisServer
from tests.split.apart import going


@pytest.mark.real
def test_the_platform_counts_in_its_redis_serves_on_without_it_and_stops_cleanly(tmp_path: Path) -> None:
    own = RedisServer(tmp_path)
    own.start()
    with going(Command(tmp_path, "run", "--no-scenario", TIERGATE_PORT="0", TIERGATE_REDIS_URL=own.url)) as running:
        client = Client(running.until(r"Console\s+(http://\S+)/desk").group(1), tmp_path / "state")
        token = client.person()
        counted = client.ask("GET", "/client-portal/v1/projects", token)
        assert counted.status_code == 200
        with own.client() as redis:
            keys: Any = redis.keys("tiergate:steady:plan portal:*")
        assert {key.decode().split(":")[3].partition("=")[0] for key in keys} == {"per-client", "per-user"}
        own.stop()
        alone = [client.ask("GET", "/client-portal/v1/projects", token) for _ in range(3)]
        assert [answer.status_code for answer in alone] == [200] * 3
        assert "tiergate_counters_away 1.0" in client.ask("GET", "/metrics").text
        client.close()
        assert running.stop() == 0
