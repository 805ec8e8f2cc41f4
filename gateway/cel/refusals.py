"""What the business rules of an operation refuse with.

Invalid          rule_broken           422   what was sent breaks rules: all of them in `errors`
Overloaded       rules_undecided       503   the rules took too long for this body
"""

from canonical.faults import Invalid, Overloaded


class RuleBroken(Invalid):
    """What was sent is well formed, and the business rules of the operation do not allow it: `errors` lists every rule
    it breaks, each with its id, its message, and the policy line that says it. A rule that reads a field which was not
    sent is broken too.

    Mend: correct what each of `errors` says and send it again; whether a rule is right, its line's owner knows.
    """

    title = "A business rule does not allow this"


class RulesUndecided(Overloaded):
    """The business rules of the operation could not be asked of this body in the time they have, so it was refused:
    nothing passes a rule that was not asked. Nothing was done.

    Mend: send less at once, or wait as long as `Retry-After` says. Whoever runs Tiergate looks at the expression of the
    rules at `facts.policy`: one without a loop in a loop takes less.
    """

    title = "The business rules could not be decided"
