"""What the port suite has to know of Kantata."""

from typing import Final

from canonical.objects import Project
from foundation.sandbox import Suite, Switch
from system_apis.kantata.mapping import BETWEEN, TITLE_LENGTH

SUITE: Final = Suite(
    url="https://api.mavenlink.com",
    sign_in={"token": "${KANTATA_TOKEN}"},
    cuts={Project: {"name": TITLE_LENGTH - len("DE-27-0077") - len(BETWEEN)}},
    signs_in_once="Its bearer tokens do not expire; a revoked one is renewed by an administrator.",
    denied=Switch(option="denied", value=["workspace_resources"], object="workspace_resources"),
)
