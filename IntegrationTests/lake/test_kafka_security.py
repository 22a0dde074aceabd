"""The log behind TLS and passwords. Tansu has no TLS and no PLAIN, and forgets whom it was told of: a door stands before it."""

import pathlib
import re
import time

import pytest

from lake.doors import Authority, Door
from lake.kafka import Broker, client_environment
from rest.catalogs import hires

LOGS = pathlib.Path(__file__).resolve().parent.parent.parent / ".deps" / "logs" / "servers"


@pytest.fixture
def behind(tmp_path, request, new_server):
    """`behind(door)` is a broker whose clients come through the door, and `.serve(**properties)` a server on it."""
    made = []
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", request.node.name)[:80]

    class Behind:
        def __init__(self, door):
            self.door, self.broker = door, Broker(LOGS / f"{name}-broker.log", door)
            made.append(self)

        def serve(self, milliseconds=3000, **properties):
            file = tmp_path / f"log-{len(list(tmp_path.glob('log-*')))}.conf"
            lines = [f"{key.replace('_', '.')}={value}" for key, value in properties.items()]
            address = self.broker.address(requestMilliseconds=milliseconds, appendMilliseconds=milliseconds)
            file.write_text("\n".join([address, *lines]) + "\n")
            return new_server(client_environment(), options=["--log", f"@{file}"])

        def refuses(self, *words, **properties):
            """The server ends, within the time of a request, and says why and what to do."""
            began = time.monotonic()
            with pytest.raises(AssertionError, match="the server ended with 1") as failure:
                self.serve(1000, **properties)
            assert time.monotonic() - began < 30
            for word in words:
                assert word in str(failure.value), failure.value
            return str(failure.value)

    yield Behind
    for each in made:
        each.broker.stop()
        each.door.close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def check(server):
    """Writes go through the log, and what stands in it is read again by a process that begins anew."""
    assert server.api.load("hired_employees", hires(1, 300))["rows"]["inserted"] == 300
    server.kill()
    server.start()
    assert server.api.load("hired_employees", hires(101, 300))["rows"]["inserted"] == 100


def files(certificate):
    return {"ssl_certificate_location": certificate[0], "ssl_key_location": certificate[1]}


def test_tls_with_certificates_on_both_sides(behind, authority, tmp_path):
    other = Authority(tmp_path / "other", "stranger")
    door = behind(Door(authority.sign("broker", "IP:127.0.0.1"), clients=authority.certificate))
    tls = {"security_protocol": "ssl", "ssl_ca_location": authority.certificate}
    check(door.serve(**tls, **files(authority.sign("client"))))
    # Signed by somebody else than this client trusts.
    text = door.refuses(
        "log-refused", "certificate verify failed", "ssl.ca.location", **tls | {"ssl_ca_location": other.certificate})
    assert "PRIVATE" not in text
    door.refuses(
        "log-option-invalid", "ssl.ca.location", **tls | {"ssl_ca_location": tmp_path / "missing.pem"})
    # Without a certificate of its own, with one that the broker does not trust, and without TLS.
    door.refuses("log-unreachable", "ssl.certificate.location", **tls)
    door.refuses("log-unreachable", "ssl.certificate.location", **tls, **files(other.sign("client")))
    door.refuses("log-unreachable", "security.protocol")


def test_a_broker_that_is_another_than_its_certificate_says_is_refused(behind, authority):
    door = behind(Door(authority.sign("elsewhere", "DNS:elsewhere.example")))
    tls = {"security_protocol": "ssl", "ssl_ca_location": authority.certificate}
    door.refuses("log-refused", "the address names the brokers as these do", **tls)
    check(door.serve(**tls, ssl_endpoint_identification_algorithm="none"))


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_passwords_over_tls(behind, authority, mechanism):
    door = behind(Door(authority.sign(f"broker-{mechanism}", "IP:127.0.0.1"), passwords={"dipper": "p=q r"}))
    sasl = {"security_protocol": "SASL_SSL", "ssl_ca_location": authority.certificate, "sasl_mechanism": mechanism,
            "sasl_username": "dipper", "sasl_password": "p=q r"}
    check(door.serve(**sasl))
    wrong = {"sasl_username": "nobody"} if mechanism == "SCRAM-SHA-512" else {"sasl_password": "secret-typo"}
    text = door.refuses("log-refused", "invalid credentials", "sasl.password", **sasl | wrong)
    assert "secret-typo" not in text and "p=q r" not in text


def test_a_mechanism_that_the_broker_has_not_is_told(behind):
    door = behind(Door(passwords={"dipper": "secret"}))
    sasl = {"security_protocol": "SASL_PLAINTEXT", "sasl_username": "dipper", "sasl_password": "secret"}
    check(door.serve(**sasl, sasl_mechanism="SCRAM-SHA-256"))
    door.door.mechanisms[:] = ["PLAIN"]
    door.refuses("log-refused", "sasl.mechanism", **sasl, sasl_mechanism="SCRAM-SHA-256")


def test_tansu_itself_refuses_whom_it_does_not_know(tmp_path, new_server):
    broker = Broker(LOGS / "tansu-authentication-broker.log", options=["--authentication"])
    try:
        file = tmp_path / "log.conf"
        file.write_text(
            broker.address(requestMilliseconds=3000) + "\nsecurity.protocol=SASL_PLAINTEXT\n"
            "sasl.mechanism=SCRAM-SHA-256\nsasl.username=nobody\nsasl.password=secret\n")
        with pytest.raises(AssertionError, match="log-refused.*SASL SCRAM authentication failed"):
            new_server(client_environment(), options=["--log", f"@{file}"])
    finally:
        broker.stop()


def test_a_password_that_is_taken_away_is_told_and_work_goes_on_when_it_holds_again(behind):
    door = behind(Door(passwords={"dipper": "secret"}))
    server = door.serve(
        security_protocol="SASL_PLAINTEXT", sasl_mechanism="SCRAM-SHA-256", sasl_username="dipper", sasl_password="secret")
    server.api.load("hired_employees", hires(1, 100))

    def write():
        return server.api.batch("hired_employees", [
            {"id": 1, "name": "Ada", "datetime": "2021-02-03T10:00:00Z", "department_id": 1, "job_id": 1}],
            {"Idempotency-Key": "k"})

    door.door.passwords["dipper"] = "another"
    door.door.cut()
    told = re.compile(r"log-unreachable: [^\n]*the connection said: [^\n]*invalid credentials[^\n]*`sasl")
    deadline = time.monotonic() + 60
    while not told.search(server.log.read_text()):
        answer = write()
        assert answer.status_code == 503 and "Retry-After" in answer.headers, answer.text
        assert time.monotonic() < deadline, server.tail()
    # It tries many times a second, and says so once.
    assert server.log.read_text().count('"kafka client"') < 20
    door.door.passwords["dipper"] = "secret"
    deadline = time.monotonic() + 60
    while (answer := write()).status_code != 200:
        assert answer.status_code == 503 and time.monotonic() < deadline, answer.text
        time.sleep(0.5)
    assert server.api.ended(answer.json())["rows"]["updated"] == 1
