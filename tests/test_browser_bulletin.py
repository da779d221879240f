"""The bulletin in a browser: read, copied, printed, in both languages, light and dark."""

import re

import pytest

from tests.browsing import DESKTOP, PHONE, by_schemes, opened, patient, served, until
from tests.webtools import NIGHT
from web.app import create_app

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(demo_dataset):
    with served(create_app(patient(data=demo_dataset))) as address:
        yield address


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(("lang", "first"), [("zh", "light"), ("en", "dark")])
def test_it_is_calm_and_accessible(browser, site, size, lang, first):
    url = f"{site}/bulletin?lang={lang}&at={NIGHT[:16]}"
    with opened(browser, url, size, axe=False, color_scheme=first) as watched:
        page = watched.page
        assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[lang]
        assert page.locator("h1").count() == 1
        assert page.locator("table").count() == page.locator("caption").count() == 3
        assert page.locator("th:not([scope])").count() == 0
        for _ in by_schemes(watched, first):
            wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert wide <= 0


def test_at_twice_the_size_nothing_runs_out(browser, site):
    half = {"width": DESKTOP["width"] // 2, "height": DESKTOP["height"] // 2}
    with opened(browser, f"{site}/bulletin", half, device_scale_factor=2) as watched:
        assert watched.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("shape", ["text", "markdown"])
@pytest.mark.parametrize("secure", [True, False])
def test_the_text_is_copied(browser, site, shape, secure):
    plain = {"text": "txt", "markdown": "md"}[shape]
    granted = ["clipboard-read", "clipboard-write"]
    with opened(browser, f"{site}/bulletin?lang=zh", permissions=granted) as watched:
        page = watched.page
        if not secure:  # as on a page without HTTPS: the old way has to do
            page.evaluate("Object.defineProperty(window, 'isSecureContext', {value: false})")
        page.click(f"[data-copy={shape}]")
        until(page, "document.getElementById('status').textContent.includes('已复制')")
        copied = page.evaluate("navigator.clipboard.readText()")
        expected = page.evaluate(
            "url => fetch(url).then(answer => answer.text())",
            f"{site}/bulletin?lang=zh&format={plain}",
        )
        assert copied.replace("\r\n", "\n") == expected
        assert page.evaluate("document.activeElement.dataset.copy") == shape


def test_what_cannot_be_copied_is_said(browser, site):
    with opened(browser, f"{site}/bulletin?lang=en") as watched:
        page = watched.page
        page.evaluate(
            "Object.defineProperty(window, 'isSecureContext', {value: false});"
            "document.execCommand = () => false"
        )
        page.click("[data-copy=text]")
        until(page, "document.getElementById('status').textContent.includes('by hand')")


def test_it_is_read_without_scripts(browser, site):
    with opened(
        browser, f"{site}/bulletin?lang=en", ready="", axe=False, java_script_enabled=False
    ) as watched:
        assert watched.page.locator("[data-copy]:visible").count() == 0
        assert watched.page.locator("h2").count() >= 6


def test_the_keyboard_reaches_everything(browser, site):
    with opened(browser, f"{site}/bulletin?lang=en") as watched:
        page = watched.page
        reached = []
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 20)"))
        for word in ("See it on the map", "Copy as text", "Plain text", "geojson", "xlsx"):
            assert word in reached


def test_links_lead_to_the_same_question(browser, site):
    with opened(browser, f"{site}/bulletin?lang=en&minutes=5") as watched:
        watched.page.click("nav a[hreflang=zh-CN]")
        watched.page.wait_for_selector("html[lang=zh-CN][data-ready]", state="attached")
        assert re.search(r"[?&]minutes=5(&|$)", watched.page.url)
        assert "5分钟" in watched.page.inner_text("h1")


def test_files_are_saved_under_their_names(browser, site):
    with opened(browser, f"{site}/bulletin?lang=zh") as watched:
        with watched.page.expect_download() as waiting:
            watched.page.click("a[href*='gaps.xlsx']")
        name = waiting.value.suggested_filename
        assert name.startswith("服务空白_")
        assert name.endswith(".xlsx")


def test_paper_has_the_text_and_no_buttons(browser, site):
    with opened(browser, f"{site}/bulletin?lang=zh", color_scheme="dark") as watched:
        page = watched.page
        page.emulate_media(media="print")
        assert page.locator("nav:visible, .tools:visible, .downloads:visible").count() == 0
        assert page.locator("table:visible").count() == 3
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert colour == "rgb(255, 255, 255)"
        assert page.pdf(format="A4").startswith(b"%PDF")
        page.emulate_media(media="screen")
