"""The XMPP server prosody, with Spectrum as a component."""

import os
import re
import shutil
import subprocess
import threading

from spectrum import ROOT, RUNS, free_port

TREE = ROOT / "target/spectrum2/tree/usr"
COMPONENT = "gateway.localhost"

CONFIGURATION = """\
run_as_root = true
data_path = "{directory}/data"
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
component_ports = {{ {component_port} }}
c2s_direct_tls_ports = {{}}
http_ports = {{}}
https_ports = {{}}
modules_enabled = {{ "roster", "saslauth", "disco", "vcard", "carbons" }}
modules_disabled = {{ "s2s", "tls", "posix" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
log = {{ info = "*console" }}
VirtualHost "localhost"
Component "{component}"
    component_secret = "secret"
"""


class Prosody:
    """A running server, where everybody has the password `secret`."""

    def __init__(self, name, users):
        self.directory = RUNS / name
        shutil.rmtree(self.directory, ignore_errors=True)
        self.port, self.component_port = free_port(), free_port()
        accounts = self.directory / "data/localhost/accounts"
        accounts.mkdir(parents=True, exist_ok=True)
        for user in users:
            (accounts / f"{user}.dat").write_text('return { ["password"] = "secret" };\n')
        configuration = self.directory / "prosody.cfg.lua"
        configuration.write_text(CONFIGURATION.format(**vars(self), component=COMPONENT))
        self.log = self.directory / "prosody.log"
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            [
                *(self._loader(), "--library-path", self._libraries(), TREE / "bin/lua5.4"),
                *(self._program(), "--config", configuration, "-F"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={
                **os.environ,
                "LUA_PATH": f"{TREE}/share/lua/5.4/?.lua;;",
                "LUA_CPATH": f"{self._libraries()}/lua/5.4/?.so;;",
            },
        )
        threading.Thread(target=self._read, daemon=True).start()
        if not self._ready.wait(30):
            self.process.kill()
            raise AssertionError(f"prosody did not start, see {self.log}")

    @staticmethod
    def _libraries():
        [modules] = TREE.glob("lib/*/lua/5.4")
        return modules.parents[1]

    @staticmethod
    def _loader():
        return next(TREE.glob("lib*/ld-linux*"))

    def _program(self):
        """Its program, which has its paths in itself."""
        program = self.directory / "prosody"
        text = (TREE / "bin/prosody").read_text()
        program.write_text(re.sub(r"^(CFG_\w+='?)/(usr/lib)", rf"\1{TREE.parent}/\2", text, flags=re.MULTILINE))
        return program

    def _read(self):
        with self.log.open("wb") as log:
            for line in self.process.stdout:
                log.write(line)
                log.flush()
                if b"Activated service 'c2s'" in line:
                    self._ready.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
