"""How fields are drawn."""

from __future__ import annotations

from typing import Any

from django.forms.renderers import DjangoTemplates

#: The widgets in which people's own words stand, by the end of their template's name.
OF_WORDS = ("/text.html", "/textarea.html", "/select.html")


class Renderer(DjangoTemplates):
    """Django's own, but each field of words is read in the direction of what stands in it."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        if template_name.endswith(OF_WORDS):
            context["widget"]["attrs"].setdefault("dir", "auto")
        return super().render(template_name, context, request)
