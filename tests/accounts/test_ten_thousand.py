"""Many accounts change on both sides, some in both at once: quiet within one round, every field as its owner says."""

import asyncio
import random
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from canonical.dates import now
from canonical.money import Money
from canonical.objects import Credit, TaxRegistration
from canonical.ports import Written
from canonical.ports.accounts import AccountUpdate
from foundation.context import fresh, use
from process_apis.cross_references import xrefs
from process_apis.engine import Engine
from process_apis.events import intake
from process_apis.platform import Platform, on_own_account
from tests.accounts.two_systems import LONGEST, Firm, firm, ownership

SEED: Final = 7
CONFLICTS: Final = 0.05
MAIL: Final = "{owner: crm, mode: advisory, written_to: [crm, erp], on_conflict: case}"


class Expected(msgspec.Struct):
    """What an account must say afterwards, worked out from the edits alone."""

    crm: dict[str, Any]
    erp: dict[str, Any]
    contested: bool = False


def edited(acme: Firm, number: int, dice: random.Random, turn: int) -> Expected:
    """One change of one account, on one side or on both."""
    account, debtor = acme.crm.records[f"A{number}"], acme.erp.records[f"D{number}"]
    told = Expected(
        crm={name: getattr(account, name) for name in ("legal_name", "payment_terms", "email")},
        erp={name: getattr(debtor, name) for name in ("legal_name", "payment_terms", "email", "credit")},
    )
    if dice.random() < CONFLICTS:
        told.crm["email"], told.erp["email"] = f"crm@c{number}.example", f"erp@c{number}.example"
        acme.crm.edit(f"A{number}", email=told.crm["email"])
        acme.erp.edit(f"D{number}", email=told.erp["email"])
        told.contested = True
    elif dice.random() < 0.5:
        _in_the_crm(acme, number, dice, told, turn)
    else:
        _in_the_books(acme, number, dice, told)
    return told


def _in_the_crm(acme: Firm, number: int, dice: random.Random, told: Expected, turn: int) -> None:
    """Somebody changes what is theirs, and what is not: terms, names, tax numbers and credit are put back or stay."""
    told.crm["email"] = told.erp["email"] = f"new{turn}@c{number}.example"
    wrong: dict[str, Any] = {
        "payment_terms": "Net 120",
        "legal_name": f"Typo {number}",
        "credit": Credit(limit=Money.of(1_000_000, "EUR")),
        "tax_registrations": [TaxRegistration(country="DE", scheme="USt-IdNr", number="DE999999999")],
    }
    chosen = {name: wrong[name] for name in dice.sample(sorted(wrong), 2)}
    told.crm["trading_name"] = f"Renamed {number}/{turn}"
    acme.crm.edit(f"A{number}", email=told.crm["email"], trading_name=told.crm["trading_name"], **chosen)


def _in_the_books(acme: Firm, number: int, dice: random.Random, told: Expected) -> None:
    name, terms = f"Customer {number} after a merger of equals and a good lawyer SE", f"Net {dice.randrange(7, 90)}"
    credit = Credit(limit=Money.of(dice.randrange(1, 50_000), "EUR"), hold=dice.random() < 0.2)
    told.crm |= {"legal_name": name[:LONGEST].upper(), "payment_terms": terms}
    told.erp |= {"legal_name": name[:LONGEST].upper(), "payment_terms": terms, "credit": credit}
    acme.erp.edit(f"D{number}", legal_name=name, payment_terms=terms, credit=credit)


def wrong_in(acme: Firm, told: dict[int, Expected]) -> list[str]:
    """Every field that is not as ownership says."""
    sides = {"A": (acme.crm.records, "crm"), "D": (acme.erp.records, "erp")}
    return [
        f"{letter}{number}.{name}: {getattr(records[f'{letter}{number}'], name)!r}, not {value!r}"
        for number, expected in told.items()
        for letter, (records, side) in sides.items()
        for name, value in getattr(expected, side).items()
        if getattr(records[f"{letter}{number}"], name) != value
    ]


async def storm(acme: Firm, accounts: int, turns: int = 1) -> int:
    """Every account that no person has to decide about changes once a turn; how many changes that were."""
    dice = random.Random(SEED)
    for number in range(1, accounts + 1):
        acme.account(number)
    await acme.settled()
    assert await acme.cases() == []
    tax = {number: acme.erp.records[f"D{number}"].tax_registrations for number in range(1, accounts + 1)}
    told: dict[int, Expected] = {}
    changes = 0
    for turn in range(turns):
        for number in tax:
            if number not in told or not told[number].contested:
                told[number] = edited(acme, number, dice, turn)
        changes += len(acme.crm.changed) + len(acme.erp.changed)
        await acme.round()
        written = acme.writes()
        assert set(await acme.round()) <= {"echo"}, "what we wrote comes back as nothing new"
        assert acme.writes() == written, "quiet within one round"
        assert not acme.pending()
    assert wrong_in(acme, told) == []
    assert {number: acme.erp.records[f"D{number}"].tax_registrations for number in told} == tax
    contested = sum(each.contested for each in told.values())
    assert contested > accounts * CONFLICTS / 2
    assert len(await acme.cases()) == contested
    return changes


async def test_hundreds_of_accounts_change_on_both_sides_and_it_is_quiet_within_one_round(acme: Firm) -> None:
    assert await storm(acme, 150, turns=2) > 300


@pytest.mark.real
async def test_ten_thousand_changes_on_both_sides_and_it_is_quiet_within_one_round(acme: Firm) -> None:
    assert await storm(acme, 3_500, turns=3) > 10_000


async def test_an_account_is_kept_from_others_for_as_long_as_a_slow_vendor_takes(
    acme: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Platform, "in_hand", timedelta(milliseconds=150))
    acme.account(1)
    await acme.settled()
    owner = await acme.id_of("crm", "A1")
    free: list[set[str]] = []
    known = acme.crm.update_account

    async def slowly(account_id: str, data: AccountUpdate) -> Written:
        await asyncio.sleep(0.4)
        later = now() + timedelta(seconds=1)
        free.append(await acme.database.run(lambda c: xrefs.hold(c, [owner], "another", later)))
        return await known(account_id, data)

    acme.crm.update_account = slowly  # type: ignore[method-assign]  # a slower vendor
    acme.erp.edit("D1", payment_terms="Net 7")
    await acme.round()
    assert free == [set()]
    assert await acme.database.run(lambda c: xrefs.hold(c, [owner], "another", now())) == {owner}


async def test_two_processes_work_the_inbox_off_and_no_account_is_in_both_hands(tmp_path: Path, database: str) -> None:
    with firm(database, ownership(tmp_path / "policies", email=MAIL)) as acme:
        for number in range(1, 21):
            acme.account(number)
        await acme.settled()
        at_work: list[str] = []
        overlaps: list[str] = []
        known = acme.crm.update_account

        async def slowly(account_id: str, data: AccountUpdate) -> Written:
            overlaps.extend(each for each in at_work if each == account_id)
            at_work.append(account_id)
            await asyncio.sleep(0.002)
            at_work.remove(account_id)
            return await known(account_id, data)

        acme.crm.update_account = slowly  # type: ignore[method-assign]  # a slower vendor
        other = msgspec.structs.replace(acme.platform, engine=Engine(acme.database))
        assert other.engine.executor != acme.platform.engine.executor
        for days in range(7, 12):
            for number in range(1, 21):
                acme.erp.edit(f"D{number}", payment_terms=f"Net {days}")
            await acme.hear()
            with use(fresh(caller=on_own_account("intake"))):
                await asyncio.gather(*(intake.work_off(each) for each in (acme.platform, other, acme.platform)))
        await acme.settled()
        assert overlaps == []
        assert {record.payment_terms for record in acme.crm.records.values()} == {"Net 11"}
        assert await acme.cases() == []
