"""Where the cluster keeps things: objects, the log, rows, and answers."""

import os
import pathlib
import pwd
import shutil
import signal
import struct
import subprocess

from . import commands
from .commands import S3_KEY, postgresql_tools
from .errors import ClusterError
from .machine import LOOPBACK
from .s3 import REGION, S3
from .service import Service, converse, environment
from .state import write_secret

LAKE_BUCKET, LOG_BUCKET = "lake", "tansu"
DATABASES = ("catalog", "operational")
ROLE = "dipper"
TOOL_SECONDS = 120
API_VERSIONS = 18


class SeaweedFS(Service):
    """The object store. It has a folder for life: the names of its parts and its ports are written into it."""

    ports = tuple(commands.SEAWEEDFS_PORTS)

    @property
    def secret(self):
        return self.context.state.secret("s3-secret")

    @property
    def keys(self):
        """A file of its keys as the AWS tools keep it."""
        return self.context.state.secrets / "s3-keys"

    def prepare(self):
        for folder in ("data", "log"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        write_secret(self.folder / "s3.json", commands.seaweedfs_identities(self.secret))
        write_secret(self.keys, f"[default]\naws_access_key_id = {S3_KEY}\naws_secret_access_key = {self.secret}\n")

    def command(self):
        ports = {name: self.port(name) for name in self.ports}
        return commands.seaweedfs(
            self.context.program("WEED_BINARY", "seaweedfs/weed"), self.folder, ports, (LAKE_BUCKET, LOG_BUCKET))

    def answers(self):
        store = S3(self.port(), S3_KEY, self.secret)
        return store.takes_objects(LAKE_BUCKET) and store.takes_objects(LOG_BUCKET)

    def forget(self):
        # Its parts talk over sockets that are named after their ports.
        for name in self.ports:
            for socket in pathlib.Path("/tmp").glob(f"seaweedfs-*-{self.port(name)}.sock"):
                socket.unlink(missing_ok=True)


class Tansu(Service):
    """The broker, which speaks Kafka's protocol and keeps its records in the object store."""

    needs = ("seaweedfs",)
    ports = ("kafka",)

    @property
    def address(self):
        return f"kafka://{LOOPBACK}:{self.port()}"

    def command(self):
        return commands.tansu(self.context.program("TANSU_BINARY", "tansu/tansu"), self.port(), f"s3://{LOG_BUCKET}/")

    def environment(self):
        store = self.context.service("seaweedfs")
        return environment({
            "AWS_ACCESS_KEY_ID": S3_KEY, "AWS_SECRET_ACCESS_KEY": store.secret, "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT": store.address, "AWS_ALLOW_HTTP": "true"})

    def answers(self):
        # An ApiVersions request, which each broker must answer; the answer begins with its length and our number.
        question = struct.pack(">hhih", API_VERSIONS, 0, 7, -1)
        return converse(self.port(), struct.pack(">i", len(question)) + question, 8)[4:] == struct.pack(">i", 7)


class PostgreSQL(Service):
    """The catalog and the operational rows, each in a database of its own."""

    ports = ("sql",)
    # A polite end waits for all clients to leave; this one doesn't.
    stop_signal = signal.SIGINT
    # After a kill it does not start until its former children have noticed.
    attempts = 20

    @property
    def address(self):
        return f"postgresql://{ROLE}@{LOOPBACK}:{self.port()}"

    @property
    def user(self):
        """PostgreSQL does not run as root; Debian's package brings a user for it."""
        try:
            return pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        except KeyError:
            raise ClusterError("PostgreSQL does not run as root, and there is no user `postgres`",
                               "apt-get install postgresql, or run this as another user") from None

    @property
    def data(self):
        return self.folder / "data"

    @property
    def passwords(self):
        """A file that psql and other programs of PostgreSQL's take passwords from (PGPASSFILE)."""
        return self.context.state.secrets / "pgpass"

    def prepare(self):
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        self.write_addresses()
        if not self.data.is_dir():
            self.initialize()

    def write_addresses(self):
        secret = self.context.state.secret
        names = (("postgres", secret("postgresql-admin")), (ROLE, secret("postgresql")))
        write_secret(self.passwords, "".join(
            f"{LOOPBACK}:{self.port()}:*:{name}:{password}\n" for name, password in names))
        for database in DATABASES:
            write_secret(
                self.context.state.secrets / database,
                f"postgresql://{ROLE}:{secret('postgresql')}@{LOOPBACK}:{self.port()}/{database}\n")

    def initialize(self):
        """Makes the data folder, which is not there under its name before it is whole."""
        part, password = self.folder / "data.part", self.folder / "password"
        if part.is_dir():
            shutil.rmtree(part)
        write_secret(password, self.context.state.secret("postgresql-admin"))
        as_user = {}
        if self.user:
            os.chown(password, self.user.pw_uid, self.user.pw_gid)
            as_user = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
            if subprocess.run(["test", "-x", self.folder], cwd="/", **as_user).returncode:
                raise ClusterError(f"the user `postgres` cannot enter {self.folder}",
                                   "set DIPPER_CLUSTER_DIR to a folder that everyone can enter")
        self.run([postgresql_tools() / "initdb", "-D", part, "-A", "scram-sha-256", "-U", "postgres", "-E", "UTF8",
                  "--locale=C", f"--pwfile={password}"], **as_user)
        password.unlink()
        os.replace(part, self.data)

    def run(self, command, **options):
        done = subprocess.run(
            list(map(str, command)), cwd="/", timeout=TOOL_SECONDS, capture_output=True, text=True,
            env=environment({"PGPASSFILE": str(self.passwords)}), **options)
        if done.returncode:
            raise ClusterError(f"`{command[0]}` ended with {done.returncode}: {done.stderr.strip()[-2000:]}", "read the error")
        return done.stdout

    def command(self):
        settings = {
            "listen_addresses": LOOPBACK, "port": self.port(), "unix_socket_directories": "", "max_connections": 200,
            "shared_buffers": "32MB"}
        return [postgresql_tools() / "postgres", "-D", self.data,
                *(word for name, value in settings.items() for word in ("-c", f"{name}={value}"))]

    def answers(self):
        command = [postgresql_tools() / "pg_isready", "-q", "-h", LOOPBACK, "-p", str(self.port()), "-t", "2"]
        return subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, env=environment()).returncode == 0

    def sql(self, statements, database="postgres", user="postgres"):
        """The answer as psql prints it; statements go by standard input, so that no password is on a command line."""
        return self.run(
            [postgresql_tools() / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", LOOPBACK, "-p", self.port(),
             "-U", user, "-d", database], input=statements)

    def complete(self):
        there = self.sql("SELECT rolname FROM pg_roles UNION ALL SELECT datname FROM pg_database").split()
        if ROLE not in there:
            self.sql(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{self.context.state.secret('postgresql')}'")
        for database in DATABASES:
            if database not in there:
                self.sql(f"CREATE DATABASE {database} OWNER {ROLE}")


class Redis(Service):
    """The cache that gateways share. It forgets everything when it ends, which is what a cache may do."""

    ports = ("redis",)

    @property
    def address(self):
        return f"redis://{LOOPBACK}:{self.port()}"

    def prepare(self):
        super().prepare()
        password = self.context.state.secret("redis")
        lines = (*commands.redis_settings(self.folder, self.port(), password), "maxmemory 64mb", "maxmemory-policy allkeys-lru")
        write_secret(self.folder / "redis.conf", "".join(f"{line}\n" for line in lines))
        write_secret(self.context.state.secrets / "cache", f"redis://:{password}@{LOOPBACK}:{self.port()}/0\n")

    def command(self):
        program = shutil.which("redis-server")
        if not program:
            raise ClusterError("redis-server is not installed", "apt-get install redis-server")
        return [program, self.folder / "redis.conf"]

    def answers(self):
        question = f"AUTH {self.context.state.secret('redis')}\r\nPING\r\n".encode()
        return converse(self.port(), question, 12) == b"+OK\r\n+PONG\r\n"
