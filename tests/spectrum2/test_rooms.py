"""Rooms."""
import pytest

ROOM = "#test@localhost"


def from_room(nickname, fits=lambda _: True):
    return lambda stanza: stanza["from"] == f"{ROOM}/{nickname}" and fits(stanza)


async def said(user, kind="groupchat"):
    return await user.take("something said", lambda stanza: stanza.name == "message" and stanza["body"] and stanza["type"] == kind)


async def join(user, nickname="me", room=ROOM):
    user.plugin["xep_0045"].join_muc(room, nickname)
    return await user.take("own presence", lambda s: s.name == "presence" and s["from"] == f"{room}/{nickname}")


async def test_listed(alice):
    items = (await alice.plugin["xep_0030"].get_items("localhost", timeout=20))["disco_items"]["items"]
    assert (ROOM, None, "Test room") in items


async def test_join(alice):
    alice.plugin["xep_0045"].join_muc(ROOM, "me")
    echo = await alice.presence(f"{ROOM}/echo")
    assert echo["muc"]["role"] == "moderator"
    away = await alice.presence(f"{ROOM}/away")
    assert (away["show"], away["status"]) == ("away", "lunch")
    own = await alice.presence(f"{ROOM}/me")
    assert 110 in own["muc"]["status_codes"]
    subject = await alice.take("the subject", lambda s: s.name == "message" and s["subject"])
    assert subject["subject"] == "Subject of #test"


async def test_say(alice):
    await join(alice)
    alice.send_message(ROOM, "Grüße\nan alle", mtype="groupchat")
    own = await said(alice)
    assert (own["from"].resource, own["body"]) == ("me", "Grüße\nan alle")
    answer = await said(alice)
    assert (answer["from"].resource, answer["body"]) == ("echo", "echo: Grüße\nan alle")


async def test_private(alice):
    await join(alice)
    alice.send_message(f"{ROOM}/away", "psst", mtype="chat")
    answer = await said(alice, "chat")
    assert (answer["from"], answer["body"]) == (f"{ROOM}/away", "psst")


async def test_subject(alice):
    await join(alice)
    alice.plugin["xep_0045"].set_subject(ROOM, "Neues Thema")
    await alice.take("the subject", lambda s: s.name == "message" and s["subject"] == "Neues Thema")


@pytest.mark.parametrize("room, nickname, condition", [
    ("#missing@localhost", "me", "item-not-found"),
    ("#locked@localhost", "me", "not-authorized"),
    (ROOM, "taken", "conflict"),
])
async def test_refused(alice, room, nickname, condition):
    alice.plugin["xep_0045"].join_muc(room, nickname)
    refusal = await alice.presence(f"{room}/{nickname}")
    assert refusal["type"] == "error"
    assert refusal["error"]["condition"] == condition


async def test_password(alice):
    alice.plugin["xep_0045"].join_muc("#locked@localhost", "me", password="sesame")
    own = await alice.presence("#locked@localhost/me")
    assert own["type"] == "available"


async def test_leave_and_join_again(alice):
    for nickname in ("once", "again"):
        await join(alice, nickname)
        alice.plugin["xep_0045"].leave_muc(ROOM, nickname)
        await alice.presence(f"{ROOM}/{nickname}", lambda s: s["type"] == "unavailable")
