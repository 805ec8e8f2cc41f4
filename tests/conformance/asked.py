"""Asking a front the whole table, and the report."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor

import msgspec

from tests.conformance.asking import Answer, ask
from tests.conformance.certificates import passed_on
from tests.conformance.front import Front
from tests.conformance.issuers import Issuers
from tests.conformance.judging import judge
from tests.conformance.table import Kind, Row, Token, When

ALIVE = When(path="/health")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One row as it was answered."""

    row: Row
    wrong: list[str]
    """What does not conform; nothing where it does."""


def ask_all(
    rows: Mapping[str, Sequence[Row]], fronts: Sequence[Front], issuers: Issuers, kinds: Mapping[str, Kind]
) -> Iterator[Verdict]:
    """Every row in the order of the table, each of the first front that can be asked it; what none can is left out."""
    for row in (row for subject in rows.values() for row in subject):
        front = next((front for front in fronts if front.can.issuperset(row.needs)), None)
        if front is not None:
            values = {**front.values, "issuers": issuers.url}
            yield Verdict(row=row, wrong=_verdict(row, front, issuers, kinds, values))


def _verdict(
    row: Row, front: Front, issuers: Issuers, kinds: Mapping[str, Kind], values: Mapping[str, str]
) -> list[str]:
    with ThreadPoolExecutor(32) as threads:
        asking = _Asking(row, front, issuers, threads)
        try:
            for step in row.before:
                asking.step(step)
            wrong = judge(row, asking.step(row.when), kinds, values)
        except (ValueError, TypeError, OSError) as failed:
            wrong = [f"{type(failed).__name__}: {failed}"]
    if row.when.raw is not None and ask(front.address, ALIVE, "").status != 200:
        wrong.append("after this the process does not answer any more")
    return wrong


class _Asking:
    """The steps of one row. Who comes twice comes with the same token."""

    def __init__(self, row: Row, front: Front, issuers: Issuers, threads: Executor) -> None:
        self._row, self._front, self._issuers, self._threads = row, front, issuers, threads
        self._tokens: list[tuple[Token, str]] = []
        self._proof = ""
        self._last = Answer(status=0)

    def step(self, step: When) -> Answer:
        """The answer; of a step that is asked several times, the last one's."""
        given = self._row.given if isinstance(step.given, msgspec.UnsetType) else step.given
        token, scheme = (self._token(given), given.scheme) if given else ("", "")
        time.sleep(float(self._last.value(step.wait) or 0) if isinstance(step.wait, str) else step.wait)
        step = self._proven(step, token)
        asked = (self._front.address, step, token, scheme)
        if step.aside or step.at_once:
            under_way = [self._threads.submit(ask, *asked) for _ in range(step.times)]
            self._last = self._last if step.aside else under_way[-1].result()
        else:
            self._last = [ask(*asked) for _ in range(step.times)][-1]
        return self._last

    def _proven(self, step: When, token: str) -> When:
        """With the headers that are known only now: an earlier answer's, and what shows whose the token is."""
        added: dict[str, str | list[str]] = {}
        for name, said in step.headers.items():
            if isinstance(said, str) and said.startswith("${last "):
                added[name] = self._from_last(said)
        if step.proof is not None:
            proof, path = step.proof, step.path.partition("?")[0]
            address = self._front.url + (proof.address or path)
            claims = {k: self._from_last(v) if str(v).startswith("${last ") else v for k, v in proof.claims.items()}
            proof = msgspec.structs.replace(proof, claims=claims)
            if not proof.again:
                self._proof = self._issuers.proof(proof, token, proof.method or step.method, address)
            added["DPoP"] = [self._proof] * proof.copies
        if step.certificate:
            added["Client-Cert"] = passed_on(step.certificate)
        return msgspec.structs.replace(step, headers={**step.headers, **added}) if added else step

    def _from_last(self, said: str) -> str:
        """What a field of the answer before held: `${last ETag}`."""
        return self._last.value(said.removeprefix("${last ").removesuffix("}")) or ""

    def _token(self, given: Token) -> str:
        for known, token in self._tokens:
            if known == given:
                return token
        self._tokens.append((given, self._issuers.token(given, self._row.id)))
        return self._tokens[-1][1]
