"""How things end: the main process, and backends."""

import os
import signal

import pytest

from conftest import ECHOES
from spectrum import Spectrum
from user import logged_in


@pytest.fixture(params=ECHOES)
def spectrum(request):
    """A Spectrum that a test may end."""
    with Spectrum(f"{request.node.originalname}-{request.param}", ECHOES[request.param]) as spectrum:
        yield spectrum


async def hears_echo(user, text):
    user.send_message("echo@localhost", text, mtype="chat")
    assert (await user.message("echo@localhost"))["body"] == text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
async def test_main_process_ends(spectrum, number):
    """The backend ends with it, and well."""
    async with logged_in(spectrum, "alice") as alice, logged_in(spectrum, "bob") as bob:
        await hears_echo(alice, "before the end")
        alice.plugin["xep_0045"].join_muc("#test@localhost", "alice")
        await alice.presence("#test@localhost/alice")
        spectrum.signal(number)
        await alice.ended()
        await bob.ended()
    await spectrum.end()
    spectrum.check_backends()


async def test_backend_is_replaced(spectrum):
    """A killed backend takes nobody with it: the next one logs the users in again."""
    async with logged_in(spectrum, "alice") as alice, logged_in(spectrum, "bob") as bob:
        await hears_echo(alice, "to the first")
        [process] = spectrum.backend_processes()
        os.kill(process, signal.SIGKILL)
        await spectrum.line("backend: status 137")
        for user in (alice, bob):
            await spectrum.line(f"{user.boundjid.bare}: Setting ignoreDisconnect=0", count=2)
            await hears_echo(user, "to the second")
        assert spectrum.backend_processes() != [process]
