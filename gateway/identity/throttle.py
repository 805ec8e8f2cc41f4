"""Limits in front of the token and sign-in endpoints: per address, and per account.

slowapi's decorator and middleware want Starlette's request and app; its `Limiter` used directly does not.
"""

import time

from limits import RateLimitItem, parse
from slowapi import Limiter
from slowapi.util import get_remote_address

from canonical.faults import TooMany
from gateway.identity.settings import IdentitySettings


class Throttle:
    """Counts attempts, in this process. Each method raises `TooMany`, which names the limit and when to come back."""

    def __init__(self, settings: IdentitySettings) -> None:
        self._limiter = Limiter(key_func=get_remote_address, strategy="moving-window").limiter
        self._token = parse(settings.token_rate)
        self._login = parse(settings.login_rate)
        self._account = parse(settings.account_rate)

    def token(self, address: str) -> None:
        """One call of the token or revocation endpoint."""
        self._hit(self._token, "identity-token", address)

    def login(self, address: str) -> None:
        """One attempt to sign in, whoever as."""
        self._hit(self._login, "identity-login", address)

    def account(self, login: str) -> None:
        """One attempt to sign in to an account, wherever from. Counted before the password is looked at."""
        self._hit(self._account, "identity-account", login)

    def forgive(self, login: str) -> None:
        """A good sign-in: the account's attempts count from none again."""
        self._limiter.clear(self._account, "identity-account", login)

    def _hit(self, rate: RateLimitItem, name: str, subject: str) -> None:
        if not self._limiter.hit(rate, name, subject):
            reset = self._limiter.get_window_stats(rate, name, subject).reset_time
            wait = max(1, round(reset - time.time()))
            raise TooMany("Too many attempts. Wait, then try again.", limit=name, retry_after=str(wait))
