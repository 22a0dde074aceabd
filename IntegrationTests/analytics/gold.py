"""What tests of gold tables share."""

import time

CURRENT_SECONDS = 90
YEARS = (2019, 2020, 2021, 2022, 2023)
ANALYTICS = ("quarterly-hires", "departments-above-mean", "department-metrics", "employee-analytics")
# Gold is refreshed when a test asks for it, and not before.
BY_HAND = "limits:\n  goldQuietMilliseconds: 3600000\n  goldDelayMilliseconds: 3600000\n"
AT_ONCE = "limits:\n  goldQuietMilliseconds: 1\n  goldDelayMilliseconds: 1\n  goldRestFactor: 1\n"


def config(folder, text):
    path = folder / "limits.yaml"
    path.write_text(text)
    return ("--config", str(path))


def gold(api):
    answer = api.get("/gold")
    assert answer.status_code == 200, answer.text
    return {table["name"]: table for table in answer.json()}


def refresh(api):
    answer = api.request("POST", "/gold/refresh")
    assert answer.status_code == 200, answer.text
    return {table["name"]: table for table in answer.json()}


def wait_current(api):
    deadline = time.monotonic() + CURRENT_SECONDS
    while not all(table["current"] for table in gold(api).values()):
        assert time.monotonic() < deadline, f"gold is not current within {CURRENT_SECONDS} s: {gold(api)}"
        time.sleep(0.1)
    return gold(api)


def ask(api, name, year, **options):
    answer = api.get(f"/analytics/{name}/{year}", **{"size": 10000, **options})
    assert answer.status_code == 200, answer.text
    return answer


def answers(api):
    """Every analytic in every year: what is answered, its tag, and whom was asked."""
    found = {}
    for name in ANALYTICS:
        for year in YEARS:
            answer = ask(api, name, year)
            found[name, year] = (answer.content, answer.headers["ETag"], answer.headers["Dipper-Source"])
    return found


def metric(api, name):
    """The value of a series as it is written in /metrics; 0 when there is none."""
    import requests

    for line in requests.get(api.base + "/metrics", timeout=10).text.splitlines():
        if line.startswith(name + " "):
            return float(line.rsplit(" ", 1)[1])
    return 0.0
