"""Messages of any size."""

import pytest


@pytest.mark.parametrize("megabytes", [1, 20])
async def test_large(alice, megabytes):
    text = "0123456789abcdefghijklmnopqrstuvwxyz äöü\n" * (megabytes * 1_000_000 // 44)
    alice.send_message("echo@localhost", text, mtype="chat")
    answer = await alice.message("echo@localhost", timeout=120)
    assert len(answer["body"]) == len(text)
    assert answer["body"] == text
