"""What PINGs do, which come every 20 s."""

import asyncio
from contextlib import AsyncExitStack, ExitStack

import pytest

from conftest import ECHOES
from spectrum import Spectrum
from user import logged_in


async def outlives_pings(spectrum):
    async with AsyncExitStack() as stay:
        stays = await stay.enter_async_context(logged_in(spectrum, "stays"))
        async with logged_in(spectrum, "leaves") as leaves:
            await leaves.presence("echo@localhost")
            assert len(spectrum.backend_processes()) == 2
        # PING, EXIT and the end of the connection come together.
        await spectrum.line("backend: status 0", timeout=60)
        assert len(spectrum.backend_processes()) == 1
        # A backend is killed at a PING if it did not answer the one before.
        pings = len(spectrum.lines("Sending PING to backends"))
        await spectrum.line("Sending PING to backends", count=pings + 1, timeout=60)
        stays.send_message("echo@localhost", "still there", mtype="chat")
        assert (await stays.message("echo@localhost"))["body"] == "still there"
        assert spectrum.lines("backend: status") == ["backend: status 0\n"]


async def all_outlive_pings():
    with ExitStack() as running:
        spectrums = [
            running.enter_context(Spectrum(f"pings-{name}", program, users_per_backend=1))
            for name, program in ECHOES.items()
        ]
        async with asyncio.TaskGroup() as tasks:
            for spectrum in spectrums:
                tasks.create_task(outlives_pings(spectrum))


@pytest.mark.slow(lambda: asyncio.run(all_outlive_pings()))
def test_pings(meanwhile):
    """A backend with a user answers them and stays. One whose user has left is dropped at the next."""
    meanwhile["test_pings"].result()
