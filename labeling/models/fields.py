"""Small pieces that several tables share."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import unicodedata

from django.db import models

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
ID_LENGTH = 30
#: What editors leave in a text unseen: soft hyphens, zero widths, marks of direction and of byte order.
INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def new_public_id() -> str:
    """30 random letters and digits, the shape of ids in the released files. One call for randomness: many are made."""
    number = secrets.randbelow(len(LETTERS_AND_DIGITS) ** ID_LENGTH)
    digits = []
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, len(LETTERS_AND_DIGITS))
        digits.append(LETTERS_AND_DIGITS[digit])
    return "".join(digits)


def words_of(text: str) -> str:
    """The words of a text in their order: what a reader meets, however the file was saved.

    Line ends, white space, invisible characters and the Unicode normal form are not part of them.
    """
    return " ".join(unicodedata.normalize("NFC", INVISIBLE.sub("", text)).split())


def text_digest(text: str) -> str:
    """SHA-256 of a text's words: how two passages are known to be the same text."""
    return hashlib.sha256(words_of(text).encode()).hexdigest()


class PublicIdField(models.CharField):  # type: ignore[type-arg]
    """An id that may leave the site. Generated where none is given."""

    def __init__(self, **kwargs: object) -> None:
        options: dict[str, object] = {"max_length": 64, "default": new_public_id, **kwargs}
        super().__init__(**options)  # type: ignore[arg-type]


def between(field: str, low: float, high: float) -> models.Q:
    """The range as a constraint; null passes, as nullable columns are meant to."""
    return models.Q(**{f"{field}__isnull": True}) | models.Q(**{f"{field}__gte": low, f"{field}__lte": high})
