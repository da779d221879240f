"""Who is let in where planners ask: loopback without a token, everywhere else with it."""

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

from tests.webtools import problem_of
from web import errors
from web.planner_access import is_loopback, planner
from web.settings import Settings

TOKEN = "a-token-nobody-guesses"  # noqa: S105  of this test only
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def client(base="http://testserver", peer=("127.0.0.1", 50000), **settings):
    """An application with one route for planners."""
    app = FastAPI()
    app.state.settings = Settings(**settings)
    errors.install(app)

    def who(how: str = Depends(planner)):
        return {"how": how}

    app.add_api_route("/for-planners", who, methods=["GET", "POST"])
    return TestClient(app, base_url=base, client=peer)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_server_bound_to_loopback_is_open(host):
    found = client(host=host).get("/for-planners")
    assert (found.status_code, found.json()) == (200, {"how": "loopback"})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "locator.example.cn"])  # noqa: S104
def test_any_other_server_wants_the_token(host):
    asked = client(host=host, planner_token=TOKEN)
    refused = asked.get("/for-planners")
    assert problem_of(refused, 401)["code"] == "unauthorized"
    assert refused.headers["www-authenticate"] == "Bearer"
    assert asked.get("/for-planners", headers=BEARER).json() == {"how": "token"}


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Basic {TOKEN}",
        TOKEN,
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer \xff",
    ],
)
def test_a_wrong_token_is_refused_and_not_repeated(sent):
    asked = client(host="0.0.0.0", planner_token=TOKEN)  # noqa: S104
    found = asked.get("/for-planners", headers={"Authorization": sent.encode("latin-1")})
    assert problem_of(found, 401)
    assert TOKEN[:8] not in found.text


def test_the_scheme_may_be_written_in_any_case():
    asked = client(host="0.0.0.0", planner_token=TOKEN)  # noqa: S104
    headers = {"Authorization": f"bearer {TOKEN}"}
    assert asked.get("/for-planners", headers=headers).status_code == 200


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer ", "Bearer x"])
def test_without_a_token_set_nobody_gets_in_from_afar(sent):
    found = client(host="0.0.0.0").get("/for-planners", headers={"Authorization": sent})  # noqa: S104
    assert problem_of(found, 401)


@pytest.mark.parametrize(
    "header",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"Forwarded": "for=203.0.113.7"},
        {"X-Real-IP": "203.0.113.7"},
        {"Via": "1.1 proxy"},
        {"Host": "locator.example.cn"},
        {"Host": "203.0.113.7:8000"},
        {"Host": "[2001:db8::1]:8000"},
    ],
)
def test_behind_a_proxy_loopback_is_not_enough(header):
    asked = client(planner_token=TOKEN)
    assert problem_of(asked.get("/for-planners", headers=header), 401)
    assert asked.get("/for-planners", headers={**header, **BEARER}).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "laptop:8000"])
def test_names_of_this_computer_are_open(host):
    assert client().get("/for-planners", headers={"Host": host}).status_code == 200


def test_where_proxies_are_trusted_loopback_is_not_enough():
    assert problem_of(client(trusted_proxies="127.0.0.1").get("/for-planners"), 401)


def test_a_server_that_listens_elsewhere_than_its_settings_say_is_not_open():
    assert problem_of(client(base="http://192.168.1.5").get("/for-planners"), 401)


def test_pages_of_other_sites_cannot_ask_in_a_planners_name():
    asked, foreign = client(planner_token=TOKEN), {"Sec-Fetch-Site": "cross-site"}
    follows = {**foreign, "Sec-Fetch-Mode": "navigate"}
    assert problem_of(asked.post("/for-planners", headers=foreign), 403)["code"] == "cross_site"
    assert problem_of(asked.post("/for-planners", headers=follows), 403)
    assert problem_of(asked.get("/for-planners", headers=foreign), 403)
    assert asked.get("/for-planners", headers=follows).status_code == 200
    assert asked.post("/for-planners", headers={**foreign, **BEARER}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),  # a browser that sends no Sec-Fetch-Site
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": "http://localhost:8888"}, 403),
        ({"Origin": "http://localhost:8888", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 200),  # no-referrer hides our own
    ],
)
def test_pages_of_other_origins_are_known_by_what_browsers_say(headers, status):
    asked = client(base="http://localhost", planner_token=TOKEN)
    assert asked.post("/for-planners", headers=headers).status_code == status
    assert asked.post("/for-planners", headers={**headers, **BEARER}).status_code == 200


def test_the_token_is_in_no_picture_of_the_settings():
    assert TOKEN not in repr(Settings(planner_token=TOKEN))


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.8.9.1", True), ("LOCALHOST.", True), ("", False), ("localhost.example.cn", False)],
)
def test_what_is_a_loopback_address(host, loopback):
    assert is_loopback(host) is loopback
