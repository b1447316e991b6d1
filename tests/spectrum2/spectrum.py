"""The real Spectrum 2, started with the configuration that README.md gives."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUNS = ROOT / "target/spectrum2/runs"
PROGRAM = ROOT / "target/spectrum2/bin/spectrum2"

# Its logging is INFO to standard output by default, which a machine with a Spectrum of its own may
# have changed in /etc.
LOGGING = """\
log4j.rootLogger=info, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d{ABSOLUTE} %-5p %c: %m%n
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def readme_configuration():
    """The configuration that the README tells users to write."""
    text = (ROOT / "README.md").read_text()
    [snippet] = re.findall(r"^```ini\n(\[service\]\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return snippet


def change(configuration, **values):
    """Changes keys that are there, each once."""
    for key, value in values.items():
        configuration, count = re.subn(rf"^{key} = .*$", lambda _: f"{key} = {value}", configuration, flags=re.MULTILINE)
        assert count == 1, f"{key} occurs {count} times in the README's configuration"
    return configuration


class Spectrum:
    """A running main process, whose log can be waited for.

    A backend is started through a script that logs how it ended, and keeps what it complains of.
    """

    def __init__(self, name, backend, sections="", **changes):
        self.directory = RUNS / name
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        self.log = self.directory / "spectrum.log"
        self.complaints = self.directory / "backend.log"
        self.complaints.write_text("")
        self.port = free_port()
        self.backend = Path(backend)
        self._lines = []
        self._ended = False
        self._changed = threading.Condition()

        wrapper = self.directory / "backend"
        program, complaints = shlex.quote(str(backend)), shlex.quote(str(self.complaints))
        wrapper.write_text(f'#!/bin/sh\n{program} "$@" 2>> {complaints}\necho "backend: status $?"\n')
        wrapper.chmod(0o755)
        logging = self.directory / "logging.cfg"
        logging.write_text(LOGGING)
        places = {
            "port": self.port,
            # Those that start in the same second would choose the same.
            "backend_host": f"127.0.0.1\nbackend_port = {free_port()}",
            "backend": wrapper,
            "working_dir": f"{self.directory}/$jid",
            "pidfile": f"{self.directory}/$jid.pid",
        }
        configuration = change(readme_configuration(), **(places | changes))
        self.configuration = self.directory / "spectrum.cfg"
        self.configuration.write_text(f"{configuration}\n[logging]\nconfig = {logging}\n{sections}")
        self._start()

    def _start(self):
        self.process = subprocess.Popen(
            [PROGRAM, "--no-daemonize", self.configuration],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            # That is when the first PONG came.
            self.wait_for_line("Connected to Frontend server")
        except BaseException:
            self.kill()
            raise

    def _read(self):
        """Until the main process and all its backends have ended, since all have the pipe."""
        with self.log.open("wb") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                with self._changed:
                    self._lines.append(line.decode(errors="replace"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def lines(self, pattern):
        with self._changed:
            return [line for line in self._lines if re.search(pattern, line)]

    def wait_for_line(self, pattern, count=1, timeout=30):
        """Waits until so many lines of the log fit, and returns the last of them."""
        end = time.monotonic() + timeout
        with self._changed:
            while len(found := [line for line in self._lines if re.search(pattern, line)]) < count:
                assert not self._ended, f"Spectrum ended before it logged {pattern!r}, see {self.directory}"
                left = end - time.monotonic()
                assert left > 0, f"Spectrum did not log {pattern!r} {count} times in {timeout} s, see {self.directory}"
                self._changed.wait(left)
            return found[count - 1]

    async def line(self, pattern, count=1, timeout=30):
        return await asyncio.to_thread(self.wait_for_line, pattern, count, timeout)

    def signal(self, number):
        self.process.send_signal(number)

    def wait_for_end(self, timeout=30):
        """Waits for the main process and all its backends, and returns the status of the former."""
        self._reader.join(timeout)
        assert not self._reader.is_alive(), f"Spectrum or a backend did not end in {timeout} s, see {self.directory}"
        return self.process.wait(timeout)

    async def end(self, timeout=30):
        return await asyncio.to_thread(self.wait_for_end, timeout)

    def backend_processes(self):
        """The backends that run, by what the kernel says."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                words = (process / "cmdline").read_bytes().split(b"\0")
                if words[0] == bytes(self.backend) and bytes(self.configuration) in words:
                    found.append(int(process.name))
            except (FileNotFoundError, ProcessLookupError):
                pass
        return found

    def check_backends(self):
        """All that ran ended well, and found nothing to complain of."""
        assert set(self.lines("^backend: status")) == {"backend: status 0\n"}, f"see {self.directory}"
        assert self.complaints.read_text() == ""

    def kill(self):
        self.process.kill()
        self.wait_for_end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if not self._ended:
            self.signal(signal.SIGTERM)
            self.wait_for_end()
