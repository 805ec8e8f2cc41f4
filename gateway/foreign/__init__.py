"""An API that is not ours: an owner's OpenAPI file, and an address, under our policies. No Python.

    # policies/apis/inventory.yaml
    api: inventory
    layer: process
    upstream: warehouse                 # where it is: upstreams in platform.yaml
    versions:
      v1: {spec: specs/inventory.yaml}  # OpenAPI 3.1 or 3.0, YAML or JSON, from the policy folder on

specs      reads the file; every mistake in it is told by line and JSON Pointer
older      OpenAPI 3.0 in the words of 3.1, so that everything behind it knows one dialect
api        makes our own kind of API of it, which is governed like any other
published  the contract callers are given: the owner's, with our addresses, our scopes and our refusals
"""

from gateway.foreign.api import Foreign, foreign
from gateway.foreign.specs import Spec

__all__ = ["Foreign", "Spec", "foreign"]
