"""The week in a browser: calm, accessible, on a phone and on paper, asked again by its form."""

import pytest

from tests.browsing import DESKTOP, PHONE, by_schemes, opened, patient, served
from web.app import create_app

pytestmark = pytest.mark.browser

WEEK = "2026-11-25"


@pytest.fixture(scope="module")
def site(demo_dataset):
    with served(create_app(patient(data=demo_dataset))) as address:
        yield address


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("lang", "first"), [("zh", "light"), ("en", "dark")])
def test_it_is_calm_and_accessible(browser, site, size, lang, first):
    url = f"{site}/clock?lang={lang}&week={WEEK}&group=sanitation"
    with opened(browser, url, size, ready="", axe=False, color_scheme=first) as watched:
        page = watched.page
        assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[lang]
        assert page.locator("h1").count() == 1
        assert page.locator(".heat td").count() == 168
        assert page.locator("th:not([scope])").count() == 0
        for _ in by_schemes(watched, first):
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            heat = page.locator(".heat")
            box, frame = heat.bounding_box(), heat.locator("xpath=..").bounding_box()
            assert box["width"] <= frame["width"] + 1  # no scrolling, on phones either


def test_at_twice_the_size_nothing_runs_out(browser, site):
    half = {"width": DESKTOP["width"] // 2, "height": DESKTOP["height"] // 2}
    with opened(browser, f"{site}/clock?week={WEEK}", half, "", device_scale_factor=2) as watched:
        assert watched.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_another_question_is_asked_by_keyboard(browser, site):
    with opened(browser, f"{site}/clock?lang=en&week={WEEK}&access=scan", ready="") as watched:
        page = watched.page
        page.locator("select[name=group]").focus()
        page.keyboard.press("c")  # one letter: a second one may come too late to belong to it
        page.locator("input[name=minutes]").fill("10")
        page.keyboard.press("Enter")
        page.wait_for_url("**minutes=10**")
        assert "group=courier" in page.url
        assert "access=scan" in page.url
        assert "within 10 minutes" in page.inner_text("h1")
        assert page.locator("select[name=group]").input_value() == "courier"
        assert "Only couriers" in page.inner_text("main")


def test_files_are_offered(browser, site):
    with opened(browser, f"{site}/clock?lang=zh&week={WEEK}", ready="") as watched:
        for ending in ("PNG", "SVG", "XLSX", "CSV"):
            with watched.page.expect_download() as waiting:
                watched.page.get_by_role("link", name=ending).click()
            assert waiting.value.suggested_filename.endswith(ending.lower())


def test_on_paper_the_table_stays_and_the_form_goes(browser, site):
    with opened(browser, f"{site}/clock?week={WEEK}", ready="", axe=False) as watched:
        page = watched.page
        page.emulate_media(media="print")
        assert page.locator(".heat").is_visible()
        assert not page.locator("form").is_visible()
