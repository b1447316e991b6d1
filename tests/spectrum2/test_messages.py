"""Messages to a contact, and back."""

import pytest

TEXTS = {
    "ascii": "Hello",
    "not ascii": "Grüße, привет, 你好, שלום, 👩‍👩‍👧‍👦 e\u0301",
    "lines": "first\nsecond\n\n  indented\nlast",
    "markup": "<b>&amp;</b> \"quoted\" 'twice' ]]> <!-- no comment -->",
    "spaces": "  in front and behind  ",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
async def test_text(alice, text):
    alice.send_message("echo@localhost", text, mtype="chat")
    assert (await alice.message("echo@localhost"))["body"] == text


async def test_many_in_order(alice):
    for number in range(500):
        alice.send_message("echo@localhost", f"number {number}", mtype="chat")
    for number in range(500):
        assert (await alice.message("echo@localhost"))["body"] == f"number {number}"


async def test_nobody_answers_for_another(alice):
    """A contact that the network does not have says nothing, and no receipt either."""
    alice.send_message("nobody@localhost", "Is there anybody?", mtype="chat")
    alice.send_message("echo@localhost", "last", mtype="chat")
    assert (await alice.message("echo@localhost"))["body"] == "last"
    assert not alice.text_messages()


async def test_markup(alice):
    message = alice.make_message("echo@localhost", "bold", mtype="chat")
    message["html"]["body"] = "<p><strong>bold</strong> &amp; plain</p>"
    message.send()
    answer = await alice.message("echo@localhost")
    assert answer["body"] == "bold"
    assert "<strong>bold</strong> &amp; plain" in answer["html"]["body"]


async def test_time(alice):
    """The network says when it was said."""
    alice.send_message("echo@localhost", "!delay long ago", mtype="chat")
    answer = await alice.message("echo@localhost")
    assert answer["body"] == "long ago"
    assert answer["delay"]["stamp"].isoformat() == "2020-01-02T03:04:05+00:00"


async def test_attachment(alice):
    alice.send_message("echo@localhost", "!attach http://localhost/cat.png", mtype="chat")
    answer = await alice.message("echo@localhost")
    assert answer["body"] == "http://localhost/cat.png"
    assert answer["oob"]["url"] == "http://localhost/cat.png"


async def test_attention(alice):
    message = alice.make_message("echo@localhost", "Wake up", mtype="headline")
    message["attention"] = True
    message.send()
    answer = await alice.take("attention", lambda stanza: stanza.name == "message" and stanza["attention"])
    assert answer["from"].bare == "echo@localhost"
