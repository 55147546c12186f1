"""The API's documentation page works under the site's content security policy."""

from __future__ import annotations

from playwright.sync_api import expect

from labeling.enums import Role
from labeling.models import User


def test_a_researcher_tries_an_endpoint_on_the_documentation_page(visit) -> None:
    researcher = User.objects.create_user("researcher", role=Role.RESEARCHER)
    page = visit(researcher).page("/api/docs/")
    operation = page.locator("#operations-me-me_retrieve")
    operation.locator("button.opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table")).to_contain_text('"username": "researcher"')
