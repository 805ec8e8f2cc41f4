"""What the authors of policies work with, and no call ever runs through: tests, explanations, differences, schemas.

cases -> simulated -> outcomes         a policy's tests, asked of the real plan through the real gateway
mutants                                the same tests against policies that somebody got wrong
effective -> explain | diff            what a folder says of each operation, value by value, each with its line
replay                                 recorded calls decided again
described -> schema                    the nouns' Structs as words for people and JSON Schema for editors
"""
