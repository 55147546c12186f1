"""Ranking, quoting, critiquing and refining in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from labeling.enums import Activity
from labeling.exchange.kinds import dataset_records
from labeling.models import Assignment, ChainLink, Quote
from tests.browser.conftest import Visit
from tests.sittings import asked, make_passage, sitting_for

Visits = Callable[..., Visit]
#: Line ends of all three kinds, an emoji beyond the first plane, a combining accent.
PASSAGE = "The mill 😀 burned\r\nin 1872.\rThe cafe\u0301 stayed.\nIt was rebuilt in stone.\r\n"
ANSWERS = ["The mill\r\nburned in 1882 😀.", "It burned in 1872 and was rebuilt in stone."]
SELECT = """([selector, words]) => {
    const node = document.querySelector(selector).firstChild;
    const begin = node.data.indexOf(words);
    if (begin < 0) throw new Error(`“${words}” is not there: ${node.data}`);
    document.getSelection().setBaseAndExtent(node, begin, node, begin + words.length);
}"""
MIDDLE = """(words) => {
    const range = new Range(), node = document.querySelector("pre.passage").firstChild;
    const at = node.data.indexOf(words);
    range.setStart(node, at);
    range.setEnd(node, at + words.length);
    const { x, y, width, height } = range.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
}"""


def start(visit: Visits) -> tuple[Assignment, Page]:
    passage = make_passage(PASSAGE)
    asked(passage, "What happened to the mill?", ANSWERS)
    work = sitting_for(Activity.DEMONSTRATING, passage)
    return work, visit(work.labeler.user).page(work.get_absolute_url())


def card(page: Page, text: str) -> Locator:
    return page.locator("article.card-numbered").filter(has=page.locator("pre.answer", has_text=text)).first


def saved(page: Page) -> None:
    expect(page.locator("[data-unsaved]")).to_have_count(0)


def begin_critique(card: Locator) -> Locator:
    links = card.locator("form.link")
    before = links.count()
    card.get_by_role("button", name="Criticise").click()
    expect(links).to_have_count(before + 1)
    return links.last


def criticise(card: Locator, text: str, refinement: str) -> Locator:
    link = begin_critique(card)
    link.get_by_role("textbox", name="What is wrong with it?").fill(text)
    link.get_by_role("radio", name="Accuracy").check()
    link.get_by_role("radio", name="3 Major").check()
    link.get_by_label("The answer, edited").fill(refinement)
    return link


def quote(page: Page, link: Locator, selector: str, words: str) -> None:
    quotes = link.locator(".quote q")
    before = quotes.count()
    page.evaluate(SELECT, [selector, words])
    link.get_by_role("button", name="Quote the selection").click()
    expect(quotes).to_have_count(before + 1)
    assert quotes.last.text_content() == words


def stored_words(quote: Quote) -> str:
    """What the stored offsets quote, counted in the stored text."""
    link = quote.link
    before = link.ranked_answer.chain.filter(position__lt=link.position).order_by("position").last()
    answer = before.refinement if before is not None else link.ranked_answer.answer.text
    text = PASSAGE if quote.of == "passage" else answer
    return text.encode("utf-16-le")[2 * quote.begin : 2 * quote.end].decode("utf-16-le")


def test_a_labeler_ranks_quotes_mends_and_hands_in(visit: Visits) -> None:
    _, page = start(visit)
    bad, good = card(page, "1882"), card(page, "rebuilt in stone")
    bad.get_by_role("group", name="Place").get_by_role("radio", name="2").check()
    bad.get_by_role("group", name="Rating").get_by_role("radio", name="4").check()
    good.get_by_role("group", name="Place").get_by_role("radio", name="1 best").check()
    good.get_by_role("group", name="Rating").get_by_role("radio", name="7").check()
    link = criticise(bad, "The year is wrong.", "The mill burned in 1872 😀.")
    quote(page, link, "pre.passage", "1872.")
    number = bad.get_attribute("id")
    quote(page, link, f"#{number} > pre.answer", "1882 😀")
    second = criticise(bad, "The rebuilding is missing.", "The mill burned in 1872 😀 and was rebuilt.")
    quote(page, second, f"#{number} form.link pre.answer", "😀.")
    quote(page, second, "pre.passage", "stayed.\nIt was rebuilt")
    saved(page)
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("heading", name="Submitted")).to_be_visible()

    quotes = [stored_words(one) for one in Quote.objects.order_by("link__position", "of", "position")]
    assert quotes == ["1872.", "1882 😀", "stayed.\nIt was rebuilt", "😀."]
    assert list(ChainLink.objects.order_by("position").values_list("refinement", flat=True)) == [
        "The mill burned in 1872 😀.",
        "The mill burned in 1872 😀 and was rebuilt.",
    ]
    assert len(list(dataset_records("critiques"))) == 1


def test_line_ends_that_the_browser_shortens_are_counted_as_stored(visit: Visits) -> None:
    _, page = start(visit)
    bad = card(page, "1882")
    link = criticise(bad, "Wrong.", "Right.")
    shown = ["burned\nin", "cafe\u0301 stayed", "stone.\n", "mill\nburned"]
    for words in shown[:3]:
        quote(page, link, "pre.passage", words)
    quote(page, link, f"#{bad.get_attribute('id')} > pre.answer", shown[3])
    saved(page)
    stored = [stored_words(one) for one in Quote.objects.order_by("of", "position")]
    assert stored == ["burned\r\nin", "cafe\u0301 stayed", "stone.\r\n", "mill\r\nburned"]
    page.reload()
    assert page.locator(".quote q").all_text_contents() == shown
    page.locator("form.link textarea").first.focus()
    highlighted = page.evaluate("[...CSS.highlights.get('quoted')].map((range) => range.toString())")
    assert highlighted == shown


def test_a_quote_is_selected_with_the_mouse_and_taken_with_a_key(visit: Visits) -> None:
    _, page = start(visit)
    link = criticise(card(page, "1882"), "Wrong.", "Right.")
    saved(page)
    page.keyboard.press("Escape")
    page.mouse.dblclick(*page.evaluate(MIDDLE, "rebuilt"))
    assert page.evaluate("document.getSelection().toString().trim()") == "rebuilt"
    page.keyboard.press("q")
    expect(link.locator(".quote q")).to_have_text("rebuilt")
    saved(page)
    assert [stored_words(one) for one in Quote.objects.all()] == ["rebuilt"]
    link.get_by_role("button", name="Remove this quote").click()
    saved(page)
    assert not Quote.objects.exists()


def test_words_of_another_answer_are_not_quoted(visit: Visits) -> None:
    _, page = start(visit)
    link = criticise(card(page, "1882"), "Wrong.", "Right.")
    other = card(page, "rebuilt in stone").get_attribute("id")
    page.evaluate(SELECT, [f"#{other} > pre.answer", "rebuilt"])
    link.get_by_role("button", name="Quote the selection").click()
    expect(link.get_by_text("Select words in the text, or in the answer that this critique is about")).to_be_visible()
    assert not Quote.objects.exists()


def test_a_reload_loses_nothing_and_an_unedited_answer_keeps_its_line_ends(visit: Visits) -> None:
    _, page = start(visit)
    bad = card(page, "1882")
    begin_critique(bad).get_by_role("textbox", name="What is wrong with it?").fill("The year.")
    saved(page)
    bad.get_by_text("More about this answer").click()
    bad.get_by_label("What in the text speaks for").fill("One thing.\nAnother.")
    saved(page)
    page.reload()
    bad = card(page, "1882")
    expect(bad.get_by_role("textbox", name="What is wrong with it?")).to_have_value("The year.")
    expect(bad.get_by_label("What in the text speaks for")).to_have_value("One thing.\nAnother.")
    assert ChainLink.objects.get().refinement == ANSWERS[0]


def test_the_next_critique_is_refused_until_the_answer_is_edited(visit: Visits) -> None:
    _, page = start(visit)
    bad = card(page, "1882")
    begin_critique(bad)
    bad.get_by_role("button", name="Criticise what you made").click()
    expect(bad.get_by_text("First edit the answer so that it addresses critique 1")).to_be_visible()
    expect(bad.locator("form.link")).to_have_count(1)


def test_a_removed_critique_comes_back_with_quotes_and_refinement(visit: Visits) -> None:
    _, page = start(visit)
    bad = card(page, "1882")
    link = criticise(bad, "Wrong.\nVery.", "Right.")
    quote(page, link, "pre.passage", "1872")
    saved(page)
    link.get_by_role("button", name="Remove", exact=True).click()
    expect(bad.get_by_text("Critique removed.")).to_be_visible()
    assert not ChainLink.objects.exists()
    bad.get_by_role("button", name="Undo").click()
    expect(bad.locator("form.link")).to_have_count(1)
    back = ChainLink.objects.get()
    assert (back.critique.text, back.refinement, back.severity) == ("Wrong.\nVery.", "Right.", 3)
    assert [stored_words(one) for one in back.quotes.all()] == ["1872"]
