"""The front door: who may call, which version, how often, what is recorded. All of it is read from `policies/`.

loader, conversion     YAML -> Structs, each problem with its file and line
noun, nouns/           one module a policy noun: its YAML, its behaviour, the name of its stage
stages                 the order of the stages, in one place
plan                   policies + APIs -> one flat list of rules an operation; immutable
governor               runs a call through its rules, whichever way it came
asgi, interior         the two ways in: over HTTP, and straight from a tier in the same process
proxy, upstreams/      what is called over the network, how patiently, and what becomes of calls while it is down
tokens, keys           what outlives a plan; what was spent of a limit is in foundation/counting
audit                  the record of every call, chained
"""
