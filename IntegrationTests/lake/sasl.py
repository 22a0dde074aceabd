"""The server's side of SASL over Kafka's protocol, for a door before a broker that has none: PLAIN (RFC 4616) and SCRAM (RFC
5802), carried by SaslHandshake and SaslAuthenticate (KIP-43, KIP-152)."""

import base64
import hashlib
import hmac
import os
import struct

API_VERSIONS, HANDSHAKE, AUTHENTICATE = 18, 17, 36
UNSUPPORTED_MECHANISM, FAILED = 33, 58
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
ITERATIONS = 4096


class Refused(Exception):
    pass


class Scram:
    def __init__(self, mechanism, passwords):
        self.digest = mechanism.removeprefix("SCRAM-").replace("-", "").lower()
        self.passwords = passwords
        self.first = None

    def _mac(self, key, text):
        return hmac.new(key, text, self.digest).digest()

    def answer(self, message):
        """The next message of the server, and whether the client is let in."""
        text = message.decode()
        if self.first is None:
            bare = text.split(",", 2)[2]
            fields = dict(field.split("=", 1) for field in bare.split(","))
            if fields["n"] not in self.passwords:
                raise Refused
            self.salt = os.urandom(16)
            self.password = self.passwords[fields["n"]]
            salt = base64.b64encode(self.salt).decode()
            nonce = fields["r"] + base64.b64encode(os.urandom(12)).decode()
            self.first = f"r={nonce},s={salt},i={ITERATIONS}"
            self.bare, self.nonce = bare, nonce
            return self.first.encode(), False
        without, proof = text.rsplit(",p=", 1)
        if dict(field.split("=", 1) for field in without.split(","))["r"] != self.nonce:
            raise Refused
        salted = hashlib.pbkdf2_hmac(self.digest, self.password.encode(), self.salt, ITERATIONS)
        said = f"{self.bare},{self.first},{without}".encode()
        stored = hashlib.new(self.digest, self._mac(salted, b"Client Key")).digest()
        key = bytes(a ^ b for a, b in zip(base64.b64decode(proof), self._mac(stored, said)))
        if not hmac.compare_digest(hashlib.new(self.digest, key).digest(), stored):
            raise Refused
        return b"v=" + base64.b64encode(self._mac(self._mac(salted, b"Server Key"), said)), True


class Plain:
    def __init__(self, passwords):
        self.passwords = passwords

    def answer(self, message):
        _, user, password = message.decode().split("\0")
        if self.passwords.get(user) != password:
            raise Refused
        return b"", True


async def frame(reader):
    size = struct.unpack(">i", await reader.readexactly(4))[0]
    return await reader.readexactly(size)


def framed(content):
    return struct.pack(">i", len(content)) + content


def string(text):
    return struct.pack(">h", len(text)) + text.encode()


async def let_in(reader, writer, inner_reader, inner_writer, passwords, mechanisms):
    """Speaks with a client until it has shown who it is; whether it has."""
    session = mechanism = None
    while True:
        request = await frame(reader)
        key, version, correlation, name = struct.unpack(">hhih", request[:10])
        body = request[10 + max(0, name):]
        answer = struct.pack(">i", correlation)
        if key == API_VERSIONS:
            inner_writer.write(framed(request))
            await inner_writer.drain()
            writer.write(framed(await frame(inner_reader)))
        elif key == HANDSHAKE:
            mechanism = body[2:2 + struct.unpack(">h", body[:2])[0]].decode()
            is_known = mechanism in mechanisms
            session = (Plain(passwords) if mechanism == "PLAIN" else Scram(mechanism, passwords)) if is_known else None
            answer += struct.pack(">hi", 0 if is_known else UNSUPPORTED_MECHANISM, len(mechanisms))
            writer.write(framed(answer + b"".join(map(string, mechanisms))))
        elif key == AUTHENTICATE and session and version < 2:
            tail = struct.pack(">q", 0) if version == 1 else b""
            try:
                message, is_in = session.answer(body[4:4 + struct.unpack(">i", body[:4])[0]])
            except Refused:
                text = f"Authentication failed during authentication due to invalid credentials with SASL mechanism {mechanism}"
                writer.write(framed(answer + struct.pack(">h", FAILED) + string(text) + struct.pack(">i", 0) + tail))
                await writer.drain()
                return False
            writer.write(framed(answer + struct.pack(">hh", 0, -1) + struct.pack(">i", len(message)) + message + tail))
            if is_in:
                await writer.drain()
                return True
        else:
            return False
        await writer.drain()
