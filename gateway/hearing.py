"""A tier's answer on its way to the rules that want to see it whole: kept as long as they wait for it, and no longer.

One that is longer, or that none of them needs, is passed on as it comes.
"""

from collections.abc import Awaitable, Callable

from gateway.call import Answer, Call
from gateway.messages import Message


class Hearing:
    """One answer. `pass_on` takes what is not waited for."""

    def __init__(self, call: Call, pass_on: Callable[[Message], Awaitable[None]]) -> None:
        self._call = call
        self._pass_on = pass_on
        self._start: Message | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._most: int | None = None
        """So many bytes are waited for; None: all."""
        self._passing = False

    async def hear(self, message: Message) -> None:
        """ASGI's `send`. Raises the fault that a rule refuses the answer with."""
        if self._passing:
            await self._pass_on(message)
        elif message["type"] == "http.response.start":
            self._start = message
            self._most = self._waited_for()
            if self._most == 0:
                await self._let_go()
        elif message["type"] == "http.response.body":
            self._parts.append(message.get("body", b""))
            self._size += len(self._parts[-1])
            if self._most is not None and self._size > self._most:
                await self._let_go(more=message.get("more_body", False))

    def answer(self) -> Answer | None:
        """The whole answer; None where it was passed on."""
        return None if self._passing else self._said(b"".join(self._parts))

    def _waited_for(self) -> int | None:
        said = self._said(b"")
        wanted = [rule.hears(self._call, said) for rule in self._call.governed.repliers]
        return None if None in wanted else max(each for each in wanted if each is not None)

    async def _let_go(self, *, more: bool = True) -> None:
        said = self._said(b"")
        for rule in self._call.governed.repliers:
            rule.unheard(self._call, said)
        self._passing = True
        assert self._start is not None
        await self._pass_on(self._start)
        if self._parts:
            held = b"".join(self._parts)
            self._parts.clear()
            await self._pass_on({"type": "http.response.body", "body": held, "more_body": more})

    def _said(self, body: bytes) -> Answer:
        assert self._start is not None
        return Answer(status=self._start["status"], headers=tuple(self._start["headers"]), body=body)


async def replied(call: Call, answer: Answer) -> Answer:
    """The answer, as the rules that want to see it leave it."""
    for rule in call.governed.repliers:
        waiting = rule.reply(call, answer)
        answer = answer if waiting is None else await waiting
    return answer
