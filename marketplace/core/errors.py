"""Errors a person can cause, and what they mean."""

from __future__ import annotations


class DomainError(Exception):
    """A request the business rules refuse. Never a bug: bugs raise ordinary exceptions."""

    message = "요청을 처리할 수 없습니다."

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.message.format(**details))

    @property
    def code(self) -> str:
        """Return the stable name shown to API clients."""
        return type(self).__name__


class InvalidInput(DomainError):
    """What was sent cannot be meant: 400 or 422."""

    message = "입력한 내용을 확인해 주세요."


class NotFound(DomainError):
    """There is no such thing, or none this person may know of: 404."""

    message = "찾을 수 없습니다."


class NotAllowed(DomainError):
    """This person may not do this: 403."""

    message = "권한이 없습니다."


class Conflict(DomainError):
    """The rules or the state of things refuse it now: 409."""


class TooMany(DomainError):
    """Too often in too short a time: 429."""

    message = "요청이 너무 잦습니다. 잠시 뒤 다시 시도해 주세요."


class Unavailable(DomainError):
    """Something outside does not answer; trying again later is right: 503."""

    message = "지금은 처리할 수 없습니다. 잠시 뒤 다시 시도해 주세요."
