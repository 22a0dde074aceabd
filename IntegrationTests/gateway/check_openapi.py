"""Checks that a running server's /openapi.json is valid OpenAPI 3.1 and true.

    python check_openapi.py http://127.0.0.1:8080

1. The document passes openapi-spec-validator.
2. Every documented path exists: it never answers with the problem `path-unknown`, and a method that is not documented for
   it is answered by 405 with an `Allow` header that names the documented ones.
3. The answers of the GET paths, and of requests that are wrong on purpose, fit the schemas that the document gives for
   their status and media type; a problem's code is one of those that the document lists for the path.

Nothing is written to the server. The exit code is 0 when all holds.
"""

import http.client
import json
import sys
import urllib.parse

import jsonschema
import openapi_spec_validator

SAMPLES = {
    "table": "departments",
    "id": "no-such-job",
    "key": "7",
    "name": "quarterly-hires",
    "parameters": "2021",
}
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH"]


class Server:
    def __init__(self, base):
        url = urllib.parse.urlsplit(base)
        self.host, self.port = url.hostname, url.port

    def ask(self, method, path, headers=None, body=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, data


class Checker:
    def __init__(self, server, document):
        self.server, self.document = server, document
        self.failures, self.count = [], 0

    def note(self, condition, text):
        self.count += 1
        if not condition:
            self.failures.append(text)

    def fits(self, schema, value, what):
        # References point into the whole document, so the schema is checked as a part of it.
        whole = {"$ref": "#/x", "x": schema, "components": self.document["components"]}
        errors = list(jsonschema.Draft202012Validator(whole).iter_errors(value))
        self.note(not errors, f"{what}: {[e.message[:200] for e in errors[:3]]}")

    def check(self, template, method, path, headers=None, body=None):
        status, answered, data = self.server.ask(method, path, headers, body)
        what = f"{method} {path} -> {status}"
        described = self.document["paths"][template][method.lower()]["responses"].get(str(status))
        self.note(described is not None, f"{what}: the status is not documented: {data[:300]!r}")
        if described is None or method == "HEAD":
            return
        media = answered.get("content-type", "").split(";")[0]
        content = described.get("content", {})
        if data:
            self.note(media in content, f"{what}: {media!r} is not documented")
        for name in described.get("headers", {}) if media.endswith("json") else []:
            self.note(name.lower() in answered, f"{what}: no header {name}")
        if media in content and media.endswith("json"):
            value = json.loads(data)
            self.fits(content[media]["schema"], value, what)
            if media == "application/problem+json":
                self.note(f"`{value['code']}`" in described["description"], f"{what}: code {value['code']} not documented")
                self.note(value["status"] == status, f"{what}: the problem says {value['status']}")

    def run(self):
        for template, item in self.document["paths"].items():
            path = template
            for name, sample in SAMPLES.items():
                path = path.replace("{" + name + "}", sample)
            documented = {m.upper() for m in item}
            for method in METHODS:
                if method in documented:
                    continue
                status, answered, data = self.server.ask(method, path)
                allowed = {m.strip() for m in answered.get("allow", "").split(",")}
                self.note(status == 405 and documented <= allowed, f"{method} {path}: {status} {answered.get('allow')}")
                self.note(b"method-not-allowed" in data, f"{method} {path}: no problem: {data[:200]!r}")
            if "GET" in documented:
                self.check(template, "GET", path)
                if template.startswith("/api/"):
                    self.check(template, "GET", path + "?no-such-option=1")
                if any(p["name"] == "page" for p in item["get"].get("parameters", [])):
                    self.check(template, "GET", path + "?page=0&size=1")
                    self.check(template, "GET", path + "?size=0")
                    self.check(template, "GET", path + "?page=x")
                for media in item["get"]["responses"]["200"].get("content", {}):
                    if media != "text/event-stream":
                        self.check(template, "GET", path, {"Accept": media})
            if "POST" in documented:
                self.check(template, "POST", path, {"Content-Type": "image/png"}, b"x")
                self.check(template, "POST", path + "?no-such-option=1", {"Content-Type": "application/json"}, b"{}")
                self.check(template, "POST", path, {"Content-Type": "multipart/form-data"}, b"x")
                self.check(
                    template, "POST", path, {"Content-Type": "multipart/form-data; boundary=x"},
                    b"--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n--x--\r\n")
        self.check("/api/v2/query", "POST", "/api/v2/query", {"Content-Type": "application/json"}, b"{")
        self.check("/api/v2/query", "POST", "/api/v2/query", {"Content-Type": "application/json"}, b'{"sql": 1}')
        self.check("/api/v2/query", "POST", "/api/v2/query", {"Content-Type": "application/json"}, b'{"sql": "SELECT 1"}')
        self.check("/api/v2/tables/{table}", "GET", "/api/v2/tables/no-such-table")
        self.check("/api/v2/rejects/{table}", "GET", "/api/v2/rejects/no-such-table")
        self.check("/api/v2/upload/csv/{table}", "POST", "/api/v2/upload/csv/no-such-table", {}, b"x")
        status, _, data = self.server.ask("GET", "/no/such/path")
        self.note(status == 404 and json.loads(data)["code"] == "path-unknown", f"/no/such/path: {status} {data!r}")


def main():
    server = Server(sys.argv[1])
    status, headers, data = server.ask("GET", "/openapi.json")
    assert status == 200 and headers["content-type"] == "application/json", (status, headers)
    document = json.loads(data)
    openapi_spec_validator.validate(document)
    checker = Checker(server, document)
    checker.run()
    for failure in checker.failures:
        print("FAILED", failure)
    print(f"{len(document['paths'])} paths, {checker.count} checks, {len(checker.failures)} failed")
    sys.exit(1 if checker.failures else 0)


main()
