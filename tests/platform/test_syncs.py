"""`tiergate sync` against the running platform, as the person at the keyboard sees it."""

import time

import msgspec
import pytest

from canonical.ports import Page
from canonical.ports.sync_runs import Sync, SyncDetail
from tests.processes import Client
from tiergate.__main__ import parser
from tiergate.settings import WrongSetting, read


def asked(platform: Client, *words: str) -> int:
    """The same person asks for all that tests of this folder ask: its limit is waited for."""
    given = parser("sync").parse_args(["sync", *words, "--url", platform.url])
    while True:
        try:
            code: int = given.command(read({"TIERGATE_STATE": str(platform.state)}), given)
        except WrongSetting as refused:
            if "status 429" not in str(refused):
                raise
            time.sleep(1)
        else:
            return code


@pytest.mark.usefixtures("quiet")
def test_somebody_the_books_were_told_of_is_found_and_taken_back(
    platform: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(platform, "list", "--limit", "200", "--json") == 0
    page = msgspec.json.decode(capsys.readouterr().out, type=Page[Sync])
    made = next(each for each in page.items if any(record.made for record in each.records))
    (record,) = made.records
    assert asked(platform, "undo", made.id, "--json") == 0
    done = msgspec.json.decode(capsys.readouterr().out, type=SyncDetail)
    assert done.sync.undo is not None
    assert (done.sync.undo.status, done.sync.undo.verified) == ("succeeded", True)
    assert asked(platform, "list", made.canonical_id) == 0
    told = capsys.readouterr().out
    assert f"{made.id}  {made.at:%Y-%m-%d %H:%M} UTC  undo succeeded" in told
    assert f"    {record.system} {record.native_id}: made" in told
    asked(platform, "list", "nobody knows this")
    assert capsys.readouterr().out == "No sync wrote anything that could be undone.\n"


@pytest.mark.usefixtures("quiet")
def test_what_is_no_sync_is_one_plain_sentence(platform: Client) -> None:
    with pytest.raises(WrongSetting, match="The gateway refuses: There is no sync acct:nobody:none"):
        asked(platform, "undo", "acct:nobody:none")
