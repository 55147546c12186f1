"""How much of a list the API answers with at once."""

from __future__ import annotations

from rest_framework.pagination import LimitOffsetPagination


class Pages(LimitOffsetPagination):
    """A hundred rows unless asked for another number; a thousand at most. `next` leads on to the others."""

    max_limit = 1000
