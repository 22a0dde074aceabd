"""The cache of answers: shared through Redis, and no harm when that is away."""

import time

import pytest

from analytics.gold import ask, metric, wait_current
from analytics.redis import Redis
from door.clients import token
from lake.hiring import TABLES

SHARED = 'dipper_cache_answers_total{from="shared",of="analytic"}'
COMPUTED = 'dipper_cache_answers_total{from="computed",of="analytic"}'
MEMORY = 'dipper_cache_answers_total{from="memory",of="analytic"}'
FAILURES = "dipper_cache_failures_total"


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path / "redis").start()
    yield server
    server.stop()


def load(api, folder):
    for table in TABLES:
        api.load(table, folder / f"{table}.csv")


def test_an_answer_is_computed_once_and_asked_again_for_nothing(server, sample_of):
    load(server.api, sample_of(3_000))
    first = ask(server.api, "departments-above-mean", 2021)
    for _ in range(5):
        again = ask(server.api, "departments-above-mean", 2021)
        assert again.content == first.content and again.headers["ETag"] == first.headers["ETag"]
    assert metric(server.api, COMPUTED) == 1 and metric(server.api, MEMORY) == 5
    assert metric(server.api, "dipper_cache_entries") == 1
    server.api.load("departments", b"77,New Department\n")
    changed = ask(server.api, "departments-above-mean", 2021)
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert metric(server.api, COMPUTED) == 2


def test_processes_share_answers_through_redis(new_server, sample_of, redis, tmp_path):
    (tmp_path / "cache").write_text(redis.address + "\n")
    server = new_server(options=["--no-gold", "--cache", f"@{tmp_path / 'cache'}"])
    load(server.api, sample_of(3_000))
    first = ask(server.api, "quarterly-hires", 2021)
    assert metric(server.api, COMPUTED) == 1
    # Storing goes on behind the answer.
    time.sleep(1)
    server.stop()
    server.start()
    second = ask(server.api, "quarterly-hires", 2021)
    assert second.content == first.content and second.headers["ETag"] == first.headers["ETag"]
    assert metric(server.api, COMPUTED) == 0 and metric(server.api, SHARED) == 1


def test_answers_go_on_while_redis_is_away_and_it_is_used_again_after(new_server, sample_of, redis):
    server = new_server(environment={"DIPPER_CACHE": redis.address}, options=["--no-gold"])
    load(server.api, sample_of(3_000))
    first = ask(server.api, "quarterly-hires", 2021)
    redis.stop()
    for size in range(1, 9):
        answer = ask(server.api, "quarterly-hires", 2021, size=size)
        assert answer.json() == first.json()[:size]
    assert metric(server.api, FAILURES) >= 1
    assert ask(server.api, "quarterly-hires", 2021).content == first.content
    redis.start()
    # It is left alone for five seconds at most; what is computed after that is shared again.
    deadline = time.monotonic() + 60
    size = 100
    while metric(server.api, SHARED) == 0:
        assert time.monotonic() < deadline
        size += 1
        ask(server.api, "quarterly-hires", 2021, size=size)
        time.sleep(0.5)
        server.stop()
        server.start()
        assert ask(server.api, "quarterly-hires", 2021, size=size).json() == first.json()[:size]


def test_a_redis_that_is_not_there_keeps_nothing_from_starting(new_server, sample_of):
    server = new_server(options=["--cache", "redis://127.0.0.1:1"])
    load(server.api, sample_of(3_000))
    assert ask(server.api, "departments-above-mean", 2021).status_code == 200
    server.assert_alive()


def test_a_cached_answer_is_for_those_who_may_read_what_it_was_computed_from(new_server, sample_of, tmp_path):
    file = tmp_path / "tokens"
    tokens = {
        name: token(file, name, *rights)["token"]
        for name, rights in {
            "all": ("--write", "*"), "silver": ("--read", "silver"), "gold": ("--read", "gold"),
            "elsewhere": ("--read", "elsewhere")}.items()}
    server = new_server(options=["--tokens-file", str(file)])

    def get(name, path):
        server.api.session.headers["Authorization"] = f"Bearer {tokens[name]}"
        return server.api.get(path)

    server.api.session.headers["Authorization"] = f"Bearer {tokens['all']}"
    load(server.api, sample_of(3_000))
    wait_current(server.api)
    path = "/analytics/department-metrics/2021"
    for _ in range(2):
        everything = get("all", path)
        assert everything.headers["Dipper-Source"] == "gold"
        # Who may not read gold gets the same from silver.
        silver = get("silver", path)
        assert silver.status_code == 200 and silver.headers["Dipper-Source"] == "silver"
        assert silver.content == everything.content
        for name in ("gold", "elsewhere"):
            assert get(name, path).status_code == 403
    assert get("gold", "/gold").status_code == 200
    for name in ("silver", "elsewhere"):
        assert get(name, "/gold").status_code == 403
    server.api.session.headers["Authorization"] = f"Bearer {tokens['gold']}"
    assert server.api.request("POST", "/gold/refresh").status_code == 403
