"""Who types."""

import pytest


@pytest.mark.parametrize("state", ["composing", "paused", "active"])
async def test_state(alice, state):
    message = alice.make_message("echo@localhost", mtype="chat")
    message["chat_state"] = state
    message.send()
    answer = await alice.take(state, lambda stanza: stanza.name == "message" and stanza["chat_state"] == state)
    assert answer["from"].bare == "echo@localhost"
    assert not answer["body"]
