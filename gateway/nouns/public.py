"""`public: true`: no token is asked for. Said aloud, since an operation without it needs `scopes`."""

from gateway.noun import Noun, Rule, Site


def build(site: Site) -> Rule | None:
    """No rule of its own: `access`, `scopes` and `layer` stand aside where it is said."""
    if site.said("public") and site.api.layer == "system":
        site.problem("public", "an operation of a system API is never public; give it scopes, for the process tier")
    return None


NOUN = Noun(name="public", stage="authenticate", build=build, operation=bool)
