"""What a labeler's hands do on the critiquing page, for tests that read as a labeler would tell them."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


class Hands:
    """One labeler at one open page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def critique(self, number: int) -> Locator:
        return self.page.locator("form.critique").nth(number - 1)

    def add(self) -> Locator:
        before = self.page.locator("form.critique").count()
        self.page.get_by_role("button", name="Add a critique").click()
        return self._arrived(before)

    def use(self, suggestion: int) -> Locator:
        before = self.page.locator("form.critique").count()
        self.page.get_by_role("button", name=f"Use suggestion {suggestion}").click()
        return self._arrived(before)

    def _arrived(self, before: int) -> Locator:
        expect(self.page.locator("form.critique")).to_have_count(before + 1)
        return self.critique(before + 1)

    def write(self, critique: Locator, text: str) -> None:
        critique.locator("textarea").fill(text)

    def grade(self, critique: Locator, category: str, severity: str) -> None:
        critique.get_by_role("radio", name=category).check()
        critique.get_by_role("radio", name=severity).check()

    def rate(self, rating: int) -> None:
        self.page.locator("#rating").get_by_role("radio", name=str(rating)).check()

    def submit(self) -> None:
        self.page.get_by_role("button", name="Submit").click()

    def wait_until_saved(self) -> None:
        """Nothing in the page is unsaved."""
        expect(self.page.locator("[data-unsaved]")).to_have_count(0)

    def sees_submitted(self) -> None:
        expect(self.page.get_by_role("heading", name="Submitted")).to_be_visible()


def pick(part: Page | Locator, choice: str) -> None:
    """Choose one of the pills in this part of a page."""
    part.get_by_role("radio", name=choice, exact=True).check()
