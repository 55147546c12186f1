"""What can be refused, and how. Every refusal carries the sentence that its reader sees."""

from __future__ import annotations


class Refused(Exception):
    """The request cannot be done; the message is for the person who asked. `field` names an input at fault."""

    status = 422

    def __init__(self, reason: str, *, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class Unreadable(Refused):
    """What was sent is no text, or not in UTF-8: no form and no database could keep it."""

    def __init__(self, reason: str, *, field: str | None = None, status: int = 400) -> None:
        super().__init__(reason, field=field)
        self.status = status


class TooLarge(Refused):
    """More was sent at once than is read."""

    status = 413


class Forbidden(Refused):
    """The person may not do this."""

    status = 403


class Gone(Refused):
    """The assignment is no longer the labeler's to work on."""

    status = 410


class Stale(Refused):
    """Somebody else (the same labeler, in another tab) saved first."""

    status = 409


class NeedsConfirmation(Refused):
    """Unusual but allowed: ask once, then do it."""

    status = 428
