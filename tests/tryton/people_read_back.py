"""Who is whose contact, found by Tryton's own client and printed as JSON; run in Tryton's own environment.

python people_read_back.py <trytond.conf> <database> <party's id>
"""

import json
import sys
from typing import Any

from proteus import Model, config


def main(conf: str, database: str, id: str) -> None:
    """A party as its form shows it, and whom the form of its customer shows."""
    config.set_trytond(database=database, user="admin", config_file=conf)
    party = Model.get("party.party")(int(id))
    others = [each.to for each in party.relations]
    print(json.dumps({"party": shown(party), "others": [shown(each) for each in others]}))


def shown(party: Any) -> dict[str, Any]:
    """What a person reads on a party's form."""
    return {
        "name": party.name,
        "active": bool(party.active),
        "reached": [[each.type, each.value] for each in party.contact_mechanisms],
        "identifiers": [each.code for each in party.identifiers],
        "relations": [[each.type.name, each.to.name] for each in party.relations],
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
