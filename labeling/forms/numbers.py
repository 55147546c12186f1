"""Numbers in forms."""

from __future__ import annotations

import re

from django import forms


class WholeNumberField(forms.IntegerField):
    """A whole number. Django's own field reads 1.000, a thousand to much of the world, as 1: here it is refused."""

    re_decimal = re.compile(r"(?!)")  # what Django cuts off the end of a number: nothing
