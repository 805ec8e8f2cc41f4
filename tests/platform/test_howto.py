"""docs/howto/call-an-operation.md: its commands are run as they stand, against a platform like the newcomer's."""

import re
import subprocess

import pytest

from tests.processes import ROOT, Client, environment

HOWTO = ROOT / "docs" / "howto" / "call-an-operation.md"
pytestmark = pytest.mark.real("bash", "curl")


def told(platform: Client) -> list[str]:
    """What each of its blocks prints, in one shell; only where the platform is, is another place."""
    blocks = re.findall(r"```sh\n(.*?)```", HOWTO.read_text(), re.DOTALL)
    script = "\necho END-OF-BLOCK\n".join(blocks)
    script = script.replace("http://127.0.0.1:8080", platform.url).replace(".tiergate/", f"{platform.state}/")
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", script],
        cwd=ROOT,
        env=environment(platform.state),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("END-OF-BLOCK\n")


def test_the_commands_of_the_how_to_do_what_it_says(platform: Client) -> None:
    token, reading, writing, refusals, why = told(platform)
    assert token == ""
    assert reading.startswith("HTTP/1.1 200")
    assert re.search(r"^ratelimit: .*r=\d+", reading, re.MULTILINE | re.IGNORECASE)
    assert '"reason":"not_found"' in writing
    assert refusals.startswith("HTTP/1.1 401")
    assert '"reason":"token_missing"' in refusals
    assert '"reason":"not_in_product"' in refusals
    assert "not_in_product" in why
    assert re.search(r"policies/products/partners?[\w-]*\.yaml:\d+", why), why
