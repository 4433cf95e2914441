"""
How often somebody may try. Counted in Redis.

Closed rules guard secrets: while Redis is silent they refuse, because uncounted guesses are
worse than a pause. Open rules only keep order: while Redis is silent they let everything pass,
so that the shop goes on selling. One silent answer opens a breaker; for its few seconds nobody
else waits for Redis.

The lock of an account: ten wrong passwords from one address, or fifty from anywhere, within
fifteen minutes close that account's sign-in for the rest of them. The member is told by mail,
and a mailed password reset still works. A right password clears the count.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from flask import Flask, current_app, request
from flask_limiter import Limiter
from limits import RateLimitItem, parse
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from marketplace.core.errors import TooMany, Unavailable
from marketplace.core.settings import Settings

_log = logging.getLogger(__name__)

_PATIENCE: Final = 0.3
_REST: Final = 5.0
T = TypeVar("T")


class TriedTooOften(TooMany):
    """The rule's number of tries is used up."""

    message = "너무 여러 번 시도하셨습니다. {minutes}분 뒤에 다시 해 주세요."


class CannotCount(Unavailable):
    """Without counting, secrets could be guessed."""

    message = "안전 확인 장치가 잠시 쉬고 있어 지금은 할 수 없습니다. 1분쯤 뒤에 다시 해 주세요."


@dataclass(frozen=True)
class Rule:
    """So many tries in so long; a closed one refuses while nobody counts."""

    name: str
    limit: str
    is_closed: bool

    @property
    def item(self) -> RateLimitItem:
        """Return the rule as the counting library understands it."""
        return parse(self.limit)


SIGN_IN_HERE: Final = Rule("sign-in-here", "10 per 15 minutes", is_closed=True)
SIGN_IN_ACCOUNT: Final = Rule("sign-in-account", "50 per 15 minutes", is_closed=True)
SIGN_IN_ADDRESS: Final = Rule("sign-in-address", "100 per 15 minutes", is_closed=True)
SECOND_FACTOR: Final = Rule("second-factor", "10 per 15 minutes", is_closed=True)
RESET_ACCOUNT: Final = Rule("reset-account", "5 per hour", is_closed=True)
RESET_ADDRESS: Final = Rule("reset-address", "30 per hour", is_closed=True)
RESET_TOKEN: Final = Rule("reset-token", "30 per 15 minutes", is_closed=True)
GUEST_ORDER: Final = Rule("guest-order", "10 per 15 minutes", is_closed=True)
COUPON_CODE: Final = Rule("coupon-code", "10 per minute", is_closed=True)
IDENTITY: Final = Rule("identity", "5 per 15 minutes", is_closed=True)
QUESTION: Final = Rule("question", "20 per hour", is_closed=False)
REVIEW: Final = Rule("review", "30 per hour", is_closed=False)
REPORT: Final = Rule("report", "20 per hour", is_closed=False)
INVITATION: Final = Rule("invitation", "30 per hour", is_closed=False)
UPLOAD: Final = Rule("upload", "60 per hour", is_closed=False)
SIGN_UP_ADDRESS: Final = Rule("sign-up-address", "100 per hour", is_closed=False)


class Breaker:
    """Keeps requests from waiting for a Redis that has just failed to answer."""

    def __init__(self, *, rest: float = _REST) -> None:
        self._rest = rest
        self._closed_until = 0.0

    def call(self, ask: Callable[[], T]) -> T | None:
        """Ask, unless somebody just waited in vain; None when there is no answer."""
        if time.monotonic() < self._closed_until:
            return None
        try:
            answer = ask()
        except RedisError as error:
            self._closed_until = time.monotonic() + self._rest
            _log.warning("limits: Redis does not answer: %s", type(error).__name__)
            return None
        return answer


class Limits:
    """The counters of one application."""

    def __init__(self, limiter: Limiter, breaker: Breaker) -> None:
        self._limiter = limiter
        self._breaker = breaker

    def spend(self, rule: Rule, *who: str) -> None:
        """
        Count one try.

        :raises TriedTooOften, CannotCount:
        """
        counter = self._limiter.limiter
        self._judge(rule, who, self._breaker.call(lambda: counter.hit(rule.item, rule.name, *who)))

    def check(self, rule: Rule, *who: str) -> None:
        """
        Refuse when no try is left, without counting one.

        :raises TriedTooOften, CannotCount:
        """
        counter = self._limiter.limiter
        left = self._breaker.call(lambda: counter.test(rule.item, rule.name, *who))
        self._judge(rule, who, left)

    def give_back(self, rule: Rule, *who: str) -> None:
        """Uncount one try that turned out not to be a guess."""
        counter = self._limiter.limiter
        self._breaker.call(lambda: counter.hit(rule.item, rule.name, *who, cost=-1))

    def forgive(self, rule: Rule, *who: str) -> None:
        """Forget the tries so far."""
        counter = self._limiter.limiter
        self._breaker.call(lambda: counter.clear(rule.item, rule.name, *who))

    def is_counting(self) -> bool:
        """Tell whether Redis answers."""
        ask = self._limiter.storage.check
        return bool(self._breaker.call(ask))

    def _judge(self, rule: Rule, who: tuple[str, ...], is_left: bool | None) -> None:
        if is_left:
            return
        if is_left is None:
            if rule.is_closed:
                raise CannotCount
            return
        seconds = self._seconds_left(rule, who)
        raise TriedTooOften(minutes=-(-seconds // 60), retry_after=seconds)

    def _seconds_left(self, rule: Rule, who: tuple[str, ...]) -> int:
        counter = self._limiter.limiter
        stats = self._breaker.call(lambda: counter.get_window_stats(rule.item, rule.name, *who))
        left = stats.reset_time - time.time() if stats else rule.item.get_expiry()
        return max(1, int(left) + 1)


def register(app: Flask, settings: Settings) -> None:
    """Count in the application's Redis."""
    # Typed as numbers and words by the library, which hands them all to the Redis client.
    options: dict[str, Any] = {
        "socket_timeout": _PATIENCE,
        "socket_connect_timeout": _PATIENCE,
        "retry": Retry(NoBackoff(), 0),
    }
    limiter = Limiter(
        client_address,
        storage_uri=settings.redis_url,
        storage_options=options,
        strategy="fixed-window",
        key_prefix="limits",
    )
    # Rules are asked for by name and never by route: what is listed already adds no hook that would
    # look for rules at every request.
    app.extensions.setdefault("limiter", set()).add(limiter)
    limiter.init_app(app)
    app.extensions["limits"] = Limits(limiter, Breaker())


def spend(rule: Rule, *who: str) -> None:
    """
    Count one try of this visitor, or of whoever is named.

    :raises TriedTooOften, CannotCount:
    """
    _limits().spend(rule, *(who or (client_address(),)))


def check(rule: Rule, *who: str) -> None:
    """
    Refuse when this visitor, or whoever is named, has no try left.

    :raises TriedTooOften, CannotCount:
    """
    _limits().check(rule, *(who or (client_address(),)))


def give_back(rule: Rule, *who: str) -> None:
    """Uncount one try of this visitor, or of whoever is named."""
    _limits().give_back(rule, *(who or (client_address(),)))


def forgive(rule: Rule, *who: str) -> None:
    """Forget the tries of this visitor, or of whoever is named."""
    _limits().forgive(rule, *(who or (client_address(),)))


def is_counting() -> bool:
    """Tell whether tries are counted at present."""
    return _limits().is_counting()


def client_address() -> str:
    """Return the visitor's address; behind proxies, as far as ours vouch for it."""
    return request.remote_addr or "unknown"


def _limits() -> Limits:
    limits: Limits = current_app.extensions["limits"]
    return limits
