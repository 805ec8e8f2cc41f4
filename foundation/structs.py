"""Makes the decoding of our Structs safe in threads.

msgspec works a Struct's fields out at its first decoding, and for a Struct that holds others it can be seen half done:
a second thread that decodes the same type in that moment reads memory that is not set yet, and the process dies by
SIGSEGV (msgspec 0.22, `StructInfo_Convert`; seen when the engine recovered three runs at once). What was worked out
once is only read from then on, so everything is worked out before the threads are started.
"""

from collections.abc import Iterator
from typing import Any

import msgspec


def prepare() -> int:
    """Work out every Struct type there is by now; how many. To be called in one thread, before others decode."""
    prepared = 0
    for kind in _below(msgspec.Struct):
        try:
            msgspec.json.Decoder(kind)
        except (TypeError, NameError):
            continue  # one that is only ever made, never decoded: it holds what msgspec has no reading for
        except ValueError:
            continue  # one whose making was refused: there is no such type, until it is collected it is only seen
        prepared += 1
    return prepared


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)
