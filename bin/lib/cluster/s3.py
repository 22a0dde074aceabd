"""A few requests to an S3 store on this machine, signed with version 4."""

import datetime
import hashlib
import hmac
import urllib.parse

from .machine import LOOPBACK
from .service import get

REGION = "us-east-1"


def sign(secret, day, text):
    key = ("AWS4" + secret).encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


class S3:
    def __init__(self, port, key, secret):
        self.port, self.key, self.secret = port, key, secret

    def request(self, method, path, body=b"", now=None):
        """Status and body; `path` is /BUCKET or /BUCKET/KEY."""
        now = now or datetime.datetime.now(datetime.timezone.utc)
        moment, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        path = urllib.parse.quote(path)
        digest = hashlib.sha256(body).hexdigest()
        headers = {"host": f"{LOOPBACK}:{self.port}", "x-amz-content-sha256": digest, "x-amz-date": moment}
        names = ";".join(sorted(headers))
        lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
        canonical = f"{method}\n{path}\n\n{lines}\n{names}\n{digest}"
        scope = f"{day}/{REGION}/s3/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders={names}, "
            f"Signature={sign(self.secret, day, text)}")
        status, _, answer = get(self.port, path, method, body, headers)
        return status, answer

    def takes_objects(self, bucket):
        """Whether an object can be put and read again: health checks of stores tell less."""
        path = f"/{bucket}/probe/cluster"
        return self.request("PUT", path, b"1")[0] == 200 and self.request("GET", path) == (200, b"1") and (
            self.request("DELETE", path)[0] in (200, 204))
