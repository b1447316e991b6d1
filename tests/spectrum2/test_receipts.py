"""Delivery receipts of the network."""


async def test_receipt(alice):
    message = alice.make_message("echo@localhost", "Did you get it?", mtype="chat")
    message["request_receipt"] = True
    message.send()
    receipt = await alice.take("a receipt", lambda stanza: stanza.name == "message" and stanza["receipt"])
    assert receipt["receipt"] == message["id"]
    assert receipt["from"].bare == "echo@localhost"
    assert (await alice.message("echo@localhost"))["body"] == "Did you get it?"


async def test_no_receipt_unless_asked(alice):
    alice.send_message("echo@localhost", "Never mind", mtype="chat")
    await alice.message("echo@localhost")
    assert not [stanza for stanza in alice.inbox if stanza.name == "message" and stanza["receipt"]]
