"""Certificates of a test's own, and a door with TLS and passwords before a broker that has neither."""

import asyncio
import ssl
import subprocess
import threading

from lake.sasl import MECHANISMS, let_in
from lake.server import free_port


class Authority:
    """Signs certificates; each is a pair of files."""

    def __init__(self, folder, name="authority"):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}-key.pem"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                      "-keyout", self.key, "-out", self.certificate)

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=60)

    def sign(self, name, alternative=None):
        """The files of a certificate and of its key."""
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}-key.pem"
        request, extension = self.folder / f"{name}.csr", self.folder / f"{name}.cnf"
        extension.write_text(f"subjectAltName={alternative}\n" if alternative else "basicConstraints=CA:FALSE\n")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                      "-days", "2", "-extfile", extension, "-out", certificate)
        return certificate, key


class Door:
    """Takes connections, with TLS if it has a certificate, with SASL if it has passwords, and hands their bytes to a port
    behind it."""

    def __init__(self, certificate=None, clients=None, passwords=None):
        """clients: the certificate of the authority whose clients alone are let in; passwords: of each user."""
        self.port, self.target, self.passwords = free_port(), None, passwords
        self.mechanisms = list(MECHANISMS)
        self.context = None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*map(str, certificate))
            if clients:
                self.context.load_verify_locations(str(clients))
                self.context.verify_mode = ssl.CERT_REQUIRED
        self.loop = asyncio.new_event_loop()
        self.writers = set()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def open(self, target):
        self.target = target
        self.thread.start()
        self.server = self._run(
            asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.context))
        return self

    def _run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    async def _serve(self, reader, writer):
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:  # what is behind the door is away
            writer.close()
            return
        self.writers |= {writer, inner_writer}
        try:
            if self.passwords is None or await let_in(
                    reader, writer, inner_reader, inner_writer, self.passwords, self.mechanisms):
                await asyncio.gather(self._pipe(reader, inner_writer), self._pipe(inner_reader, writer))
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            pass  # the client went before it had shown who it is
        finally:
            for each in (writer, inner_writer):
                each.close()
            self.writers -= {writer, inner_writer}

    @staticmethod
    async def _pipe(reader, writer):
        try:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        except (OSError, ssl.SSLError):
            pass  # one side went: the other is told by the closing
        finally:
            writer.close()

    def cut(self):
        """Breaks every connection; new ones are taken."""
        async def cut():
            for writer in list(self.writers):
                writer.transport.abort()
        self._run(cut())

    def close(self):
        async def close():
            self.server.close()
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        self._run(close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(30)
