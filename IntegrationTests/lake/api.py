"""The product API as a client sees it (see docs/architecture.md)."""

import json
import pathlib
import time
import urllib.parse

import requests

JOB_SECONDS = 300


class API:
    def __init__(self, base):
        self.base = base
        self.session = requests.Session()

    def request(self, method, path, **options):
        return self.session.request(method, f"{self.base}/api/v2{path}", timeout=options.pop("timeout", 120), **options)

    def get(self, path, **parameters):
        return self.request("GET", path, params=parameters)

    def post_csv(self, table, body, headers=None, **parameters):
        """Posts bytes as the body; the answer as it is."""
        return self.request(
            "POST", f"/upload/csv/{table}", data=body, params=parameters,
            headers={"Content-Type": "text/csv", **(headers or {})}, timeout=600)

    def upload(self, table, body, headers=None, **parameters):
        """Posts bytes or a file, waits for the end of the job and returns its receipt, whatever its state."""
        if isinstance(body, pathlib.Path):
            with open(body, "rb") as stream:
                answer = self.post_csv(table, stream, headers, wait=60, **parameters)
        else:
            answer = self.post_csv(table, body, headers, wait=60, **parameters)
        assert answer.status_code in (200, 202), f"{answer.status_code}: {answer.text[:2000]}"
        return self.ended(answer.json())

    def load(self, table, body, **parameters):
        """Uploads and expects the rows to be committed, and the receipt's counts to add up."""
        receipt = self.upload(table, body, **parameters)
        assert receipt["state"] == "committed", receipt
        assert_balanced(receipt)
        return receipt

    def ended(self, receipt):
        deadline = time.monotonic() + JOB_SECONDS
        while receipt["state"] not in ("committed", "failed"):
            assert time.monotonic() < deadline, f"the job did not end within {JOB_SECONDS} s: {receipt}"
            time.sleep(0.05)
            receipt = self.job(receipt["id"])
        return receipt

    def job(self, job_id):
        answer = self.get(f"/jobs/{urllib.parse.quote(job_id, safe='')}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def job_count(self, table=None):
        answer = self.get("/jobs", size=1, **({"table": table} if table else {}))
        assert answer.status_code == 200, answer.text
        return int(answer.headers["X-Total-Count"])

    def batch(self, table, rows, headers=None, **parameters):
        """Posts rows (or a body as text) and returns the answer as it is."""
        body = rows if isinstance(rows, (str, bytes)) else json.dumps(rows)
        return self.request(
            "POST", f"/batch/{table}", data=body, params=parameters,
            headers={"Content-Type": "application/json", **(headers or {})})

    def rejects(self, table):
        """All refused rows of a table."""
        rows, page = [], 0
        while True:
            answer = self.get(f"/rejects/{table}", page=page, size=1000)
            assert answer.status_code == 200, answer.text
            rows += answer.json()
            page += 1
            if len(rows) >= int(answer.headers["X-Total-Count"]) or not answer.json():
                return rows

    def table(self, name):
        answer = self.get(f"/tables/{name}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def metadata(self, name):
        """The path of a table's current metadata file on this host."""
        location = self.table(name)["metadataLocation"]
        return urllib.parse.unquote(urllib.parse.urlparse(location).path)

    def analytics(self, *path):
        """All rows of a named analytic, page after page."""
        rows, page = [], 0
        while True:
            answer = self.get("/analytics/" + "/".join(map(str, path)), page=page, size=500)
            assert answer.status_code == 200, answer.text
            rows += answer.json()
            page += 1
            if len(rows) >= int(answer.headers["X-Total-Count"]) or not answer.json():
                return rows

    def query(self, sql):
        answer = self.request("POST", "/query", json={"sql": sql})
        assert answer.status_code == 200, answer.text
        return answer.json()["rows"]


def assert_balanced(receipt):
    rows = receipt["rows"]
    assert rows["read"] == rows["accepted"] + rows["rejected"] + rows["blank"], receipt
    parts = sum(rows[name] for name in ("inserted", "updated", "unchanged", "superseded", "deleted", "ignored"))
    assert rows["accepted"] == parts, receipt


def assert_problem(answer, *codes):
    """A 4xx answer in the form of RFC 9457 that names a stable code and says what to do."""
    assert 400 <= answer.status_code < 500, f"{answer.status_code}: {answer.text[:2000]}"
    assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.headers
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["title"] and problem["code"], problem
    assert problem.get("remedy"), f"the answer does not say what to do: {problem}"
    if codes:
        assert problem["code"] in codes, problem
    return problem
