"""`tool: {title: Look up a case}`: the operation may be called by language models, as an MCP tool at `/mcp`.

Whoever owns the API says so, at the operation and nowhere else: a default could offer what nobody looked at. It opens
nothing. Who asks for the tools is shown those its scopes, roles and product let it call, and a call passes the very
same rules. `mcp` in platform.yaml names the pages of other sites that may ask from a browser, and says how many
messages a client may send that call no operation (`initialize`, `tools/list`): each is recorded, as a call is.

    mcp: {origins: ["https://chat.firm.example"], messages: 120/min}
"""

import re
from typing import Final

import msgspec

from canonical.ports import Raw
from foundation.api import PageOperation
from foundation.counting import Steady
from gateway.named_limits import NamedLimit, key_of, policy_of
from gateway.noun import Noun, Rule, Site
from gateway.words import Rate

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every client takes as the name of a tool; the specification itself has room for 128, and for dots."""
_MESSAGES: Final = "mcp-messages"
"""The name of that limit."""
_DAY: Final = 86_400
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """How a language model is told of an operation."""

    title: str
    """A few words, for people who are asked whether it may be called."""
    description: str = ""
    """What it does and when to use it, for the model; the operation's own text when not said."""

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise ValueError("title says in a few words what the tool does")


class Mcp(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for all tools."""

    origins: list[str] = []
    """Pages of these origins may ask from a browser; our own always may. A program sends no origin."""
    messages: Rate = Rate(120, 60)
    """How many messages a client may send that call no operation. Calls are counted by their operations' limits."""

    def __post_init__(self) -> None:
        if self.messages.seconds >= _DAY:
            raise ValueError("messages is a rate by the hour or less: by the day, all of it could come at once")
        for origin in self.origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin: write it like https://chat.firm.example, no path")


class ToolRule(Rule):
    """Marks one operation. It refuses nobody, so it is asked nothing in a call."""

    tool = True

    def __init__(self, where: str, name: str, said: Tool, messages: NamedLimit) -> None:
        super().__init__(where)
        self.messages = messages
        """What messages are drawn from that call no operation: the same for all tools."""
        self.name = name
        """As a client calls it: `{api}-v{major}_{operationId}`."""
        self.said = said


def build(site: Site) -> Rule | None:
    """Only what somebody outside can call with arguments that can be said in JSON."""
    if site.said("tool") is None:
        return None
    said: Tool | None = site.own("tool")
    name = f"{site.api.key}_{site.operation.id}"
    if said is None:
        site.problem("tool", "is offered as a tool by the defaults; say it at each operation that is meant")
        return None
    if wrong := _wrong(site, name):
        site.problem("tool", wrong)
    return ToolRule(site.where("tool"), name, said, _messages(site))


def _messages(site: Site) -> NamedLimit:
    said = site.platform["mcp"] or Mcp()
    count, seconds = said.messages.count, said.messages.seconds
    of = Steady(count, count / seconds)
    return NamedLimit(
        name=_MESSAGES,
        where=site.where_platform("mcp", "messages"),
        of=of,
        per="client",
        key=key_of("platform", _MESSAGES, "client", ""),
        policy=policy_of(_MESSAGES, of, count, seconds),
    )


def _wrong(site: Site, name: str) -> str:
    operation = site.operation
    if isinstance(operation, PageOperation):
        return "is a page; a tool is an operation with a contract"
    if site.api.layer == "system":
        return "is of a system API, which nobody outside reaches; offer an operation of a tier above"
    if operation.body is Raw:
        return "takes its body byte for byte, which no tool can say"
    if operation.body is not None and any(parameter.name == "body" for parameter in operation.parameters):
        return "has a parameter that is called as its body is: body"
    if not _NAME.fullmatch(name):
        return f"would be the tool {name!r}: a name has at most 64 letters, digits, _ and -"
    return ""


NOUN = Noun(name="tool", stage="load", build=build, operation=Tool, platform={"mcp": Mcp | None})
