"""The harness of the browser tests itself: what it is there to find, it finds."""

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.browsing import opened, overlooked, served, small_targets, tab_stops, until, wait_for
from tests.conftest import absent

pytestmark = pytest.mark.browser

GOOD = "<label>Name <input></label>"
#: What a page must not do, and what the harness has to say of it.
MILK = "spilt milk"
FRAME = "<iframe title='t' srcdoc='<script>{}</script>'></iframe>"
TINY = "<button style='font-size: 5px; padding: 0; border: 0'>a</button>"
BAD = {
    "console": (f"<script>console.error('{MILK}')</script>", MILK),
    "exception": (f"<script>throw new Error('{MILK}')</script>", MILK),
    "promise": (f"<script>Promise.reject(new Error('{MILK}'))</script>", MILK),
    "missing-file": ("<img alt='' src='/gone.png'>", "404"),
    "foreign-image": ("<img alt='' src='https://example.org/x.png'>", r"example\.org"),
    "foreign-script": ("<script src='https://example.org/x.js'></script>", r"example\.org"),
    "foreign-fetch": (
        "<script>fetch('https://example.org/').catch(() => 0)</script>", r"example\.org",
    ),
    "foreign-socket": ("<script>new WebSocket('wss://example.org/')</script>", r"example\.org"),
    "foreign-frame": ("<iframe title='t' src='https://example.org/'></iframe>", r"example\.org"),
    "other-page": ("<script>open('/bad?console')</script>", MILK),
    "dialog": (f"<script>alert('{MILK}')</script>", MILK),
    "hit": ("<script>window.hit = 1</script>", "stranger"),
    "hit-in-a-frame": (FRAME.format("window.hit = 1"), "stranger"),
    "console-in-a-frame": (FRAME.format(f"console.error(`{MILK}`)"), MILK),
    "no-label": ("<input>", "label"),
    "faint": ("<p style='color: #aaa'>words</p>", "color-contrast"),
    "no-words": ("<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>", "image-alt"),
    "no-name": ("<button></button>", "button-name"),
    "tiny": (TINY + TINY, "target-size"),
}  # fmt: skip


def page_of(body):
    return (
        "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Page</title>"
        "<link rel='icon' href='data:,'>"
        f"</head><body><main><h1>Page</h1>{body}</main>"
        "<script>addEventListener('load', () => { document.documentElement.dataset.ready = ''; })"
        "</script></body></html>"
    )


async def show(request):
    """The page whose fault the query names."""
    name = request.url.query
    return HTMLResponse(page_of(BAD[name][0] if name else GOOD))


@pytest.fixture(scope="module")
def site():
    """Pages with one fault each."""
    with served(Starlette(routes=[Route("/bad", show)])) as address:
        yield address


@pytest.mark.parametrize("workers", ["block", "allow"])
def test_a_page_without_fault_passes(browser, site, workers):
    with opened(browser, f"{site}/bad", service_workers=workers) as seen:
        assert seen.hosts == {"127.0.0.1"}


def heard(seen, words):
    """Wait for what a page complains of in its own time; other faults are looked for later."""
    if words in (MILK, "404"):
        assert wait_for(seen.page, lambda: any(words in line for line in seen.complaints))


@pytest.mark.parametrize("fault", BAD)
def test_a_fault_fails_the_test(browser, site, fault):
    words = BAD[fault][1]
    with (
        pytest.raises(AssertionError, match=words),
        opened(browser, f"{site}/bad?{fault}") as seen,
    ):
        heard(seen, words)


@pytest.mark.parametrize("fault", ["console", "foreign-image", "hit"])
def test_pages_that_axe_does_not_judge_are_watched_all_the_same(browser, site, fault):
    address, words = f"{site}/bad?{fault}", BAD[fault][1]
    with (
        pytest.raises(AssertionError, match=words),
        opened(browser, address, axe=False) as seen,
    ):
        heard(seen, words)


def test_what_a_service_worker_may_pass_is_watched(browser, site):
    address = f"{site}/bad?foreign-image"
    with (
        pytest.raises(AssertionError, match=r"example\.org"),
        opened(browser, address, service_workers="allow"),
    ):
        pass


def test_a_page_that_never_gets_ready_says_what_it_complained_of(browser, site):
    with (
        pytest.raises(pytest.fail.Exception, match=MILK),
        opened(browser, f"{site}/bad?console", ready="html[data-never]", patience_ms=500),
    ):
        pass


def test_only_what_was_said_is_forgiven(browser, site):
    with opened(browser, f"{site}/bad?console") as seen:
        with pytest.raises(AssertionError, match=MILK):
            seen.forgive("something else", patience_ms=200)
        seen.forgive(MILK)


def test_what_never_comes_true_fails(browser, site):
    with opened(browser, f"{site}/bad") as seen, pytest.raises(pytest.fail.Exception):
        until(seen.page, "false", patience_ms=200)


def test_small_targets_and_focus_that_is_not_seen_are_found(browser, site):
    with opened(browser, f"{site}/bad") as seen:
        page = seen.page
        assert [stop["html"] for stop in tab_stops(page)] == ["<input>"]
        assert overlooked(tab_stops(page)) == []
        assert small_targets(page, 10) == []
        assert len(small_targets(page, 44)) == 1
        page.add_style_tag(content="input { outline: none }")
        assert overlooked(tab_stops(page)) == ["<input>"]
        page.add_style_tag(
            content="input { outline: 2px solid !important } "
            "main::after { content: ''; position: fixed; inset: 0; background: white }"
        )
        assert overlooked(tab_stops(page)) == ["<input>"]


@pytest.mark.parametrize(
    ("named", "outcome"), [("fonts browser", pytest.fail.Exception), ("", pytest.skip.Exception)]
)
def test_what_is_absent_skips_or_fails_where_it_was_promised(monkeypatch, named, outcome):
    monkeypatch.setenv("LOCATOR_TEST_REQUIRE", named)
    with pytest.raises(outcome, match="needs a browser"):
        absent("browser", "needs a browser: install chromium.")
