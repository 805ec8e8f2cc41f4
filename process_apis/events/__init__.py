"""Events: what systems say is taken in once and in order; what subscribers are told leaves with the state it is of."""
