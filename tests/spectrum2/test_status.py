"""The user's status, which the contact `echo` takes on."""

import pytest


@pytest.mark.parametrize("show", ["away", "chat", "dnd", "xa"])
async def test_status(alice, show):
    await alice.presence("echo@localhost")
    alice.send_presence(pshow=show, pstatus=f"Ich bin {show}, später mehr")
    presence = await alice.presence("echo@localhost", lambda stanza: stanza["show"] == show)
    assert presence["status"] == f"Ich bin {show}, später mehr"


async def test_available_again(alice):
    alice.send_presence(pshow="dnd")
    await alice.presence("echo@localhost", lambda stanza: stanza["show"] == "dnd")
    alice.send_presence()
    await alice.presence("echo@localhost", lambda stanza: stanza["show"] == "" and stanza["type"] == "available")
