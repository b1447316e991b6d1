"""Spectrum as a component of prosody: where that differs from a server of its own."""

from itertools import count

import pytest

from conftest import ECHOES
from prosody import COMPONENT, Prosody
from spectrum import RUNS, Spectrum
from test_msncd import BACKEND, Daemon
from user import logged_in

ECHO = f"echo@{COMPONENT}"
ROOM = f"#test@{COMPONENT}"


def start_spectrum(prosody, name, backend, sections="", **changes):
    return Spectrum(
        name, backend, sections, jid=COMPONENT, server_mode=0, port=prosody.component_port, **changes
    )


@pytest.fixture(scope="module")
def prosody():
    with Prosody("gateway-prosody", [f"alice{number}" for number in range(1, 20)]) as prosody:
        yield prosody


@pytest.fixture(scope="module")
def spectrum(prosody):
    with start_spectrum(prosody, "gateway", ECHOES["rust"]) as spectrum:
        yield spectrum
    spectrum.check_backends()


numbers = count(1)


@pytest.fixture
async def alice(prosody, spectrum):
    """A user who is logged in to the gateway, and has answered the contact's request."""
    async with logged_in(prosody, f"alice{next(numbers)}") as user:
        user.send_presence(pto=COMPONENT)
        await user.presence(COMPONENT, lambda stanza: stanza["type"] == "available")
        # slixmpp says yes by itself.
        await user.presence(f"{ECHO}", lambda stanza: stanza["type"] == "available")
        yield user


async def test_message(alice):
    text = "Grüße\n  aus дому 👩‍👩‍👧‍👦"
    alice.send_message(ECHO, text, mtype="chat")
    assert (await alice.message(ECHO))["body"] == text


async def test_receipt(alice):
    message = alice.make_message(ECHO, "Did you get it?", mtype="chat")
    message["request_receipt"] = True
    message.send()
    receipt = await alice.take("a receipt", lambda stanza: stanza.name == "message" and stanza["receipt"])
    assert receipt["receipt"] == message["id"]


async def test_typing(alice):
    message = alice.make_message(ECHO, mtype="chat")
    message["chat_state"] = "composing"
    message.send()
    await alice.take("typing", lambda stanza: stanza.name == "message" and stanza["chat_state"] == "composing")


async def test_status(alice):
    alice.send_presence(pto=COMPONENT, pshow="dnd", pstatus="später")
    presence = await alice.presence(ECHO, lambda stanza: stanza["show"] == "dnd")
    assert presence["status"] == "später"


async def test_add_and_remove(alice):
    """By subscription, since the roster is the server's."""
    friend = f"friend@{COMPONENT}"
    alice.send_presence_subscription(friend, ptype="subscribe")
    await alice.presence(friend, lambda stanza: stanza["type"] == "subscribed")
    await alice.presence(friend, lambda stanza: stanza["type"] == "available")
    alice.send_presence_subscription(friend, ptype="unsubscribe")
    await alice.presence(friend, lambda stanza: stanza["type"] == "unsubscribe")
    await alice.roster_item(friend, lambda item: item.get("subscription") == "none")


async def test_asked_to_be_added(alice):
    stranger = f"stranger@{COMPONENT}"
    alice.auto_authorize = None
    alice.send_message(ECHO, "!auth stranger", mtype="chat")
    await alice.presence(stranger, lambda stanza: stanza["type"] == "subscribe")
    alice.send_presence_subscription(stranger, ptype="subscribed")
    await alice.presence(stranger, lambda stanza: stanza["type"] == "available")


async def test_room(alice):
    alice.plugin["xep_0045"].join_muc(ROOM, "me")
    echo = await alice.presence(f"{ROOM}/echo")
    assert echo["muc"]["role"] == "moderator"
    own = await alice.presence(f"{ROOM}/me")
    assert 110 in own["muc"]["status_codes"]
    subject = await alice.take("the subject", lambda s: s.name == "message" and s["subject"])
    assert subject["subject"] == "Subject of #test"
    alice.send_message(ROOM, "Grüße", mtype="groupchat")
    for nickname, text in (("me", "Grüße"), ("echo", "echo: Grüße")):
        said = await alice.message(ROOM)
        assert (said["from"].resource, said["body"]) == (nickname, text)


async def test_room_is_listed(alice):
    items = (await alice.plugin["xep_0030"].get_items(COMPONENT, timeout=20))["disco_items"]["items"]
    assert (ROOM, None, "Test room") in items


async def test_logout_and_login(alice):
    alice.send_presence(pto=COMPONENT, ptype="unavailable")
    await alice.presence(ECHO, lambda stanza: stanza["type"] == "unavailable")
    alice.send_presence(pto=COMPONENT)
    await alice.presence(ECHO, lambda stanza: stanza["type"] == "available")
    alice.send_message(ECHO, "again", mtype="chat")
    assert (await alice.message(ECHO))["body"] == "again"


@pytest.fixture(scope="module")
def network():
    """A gateway to msncd's network, where users register."""
    daemon = Daemon()
    database = RUNS / "gateway-msncd/accounts.sqlite"
    with Prosody("gateway-msncd-prosody", ["alice", "bob"]) as prosody:
        sections = f"[msncd]\nport = {daemon.port}\npoll_interval = 50\n"
        changes = {"type": f"sqlite3\ndatabase = {database}"}
        with start_spectrum(prosody, "gateway-msncd", BACKEND, sections, **changes) as spectrum:
            yield prosody
        spectrum.check_backends()
    daemon.kill()


async def register(user, name, password="secret"):
    """As the form of the gateway asks for it."""
    iq = user.make_iq_set(ito=COMPONENT)
    iq["register"]["username"] = name
    iq["register"]["password"] = password
    await iq.send(timeout=20)
    await user.presence(COMPONENT, lambda stanza: stanza["type"] == "subscribe")
    user.send_presence(pto=COMPONENT)


async def test_registration(network):
    """Users register accounts of the network, and chat; what waits for them comes at the login."""
    bob_seen, alice_seen = rf"bob\40example.org@{COMPONENT}", rf"alice\40example.org@{COMPONENT}"
    async with logged_in(network, "alice") as alice:
        await register(alice, "alice@example.org")
        await alice.presence(COMPONENT, lambda stanza: stanza["type"] == "available")
        async with logged_in(network, "bob") as bob:
            await register(bob, "bob@example.org")
            await bob.presence(COMPONENT, lambda stanza: stanza["type"] == "available")
            alice.send_message(bob_seen, "Grüße", mtype="chat")
            assert (await bob.message(alice_seen))["body"] == "Grüße"
            bob.send_message(alice_seen, "zurück", mtype="chat")
            assert (await alice.message(bob_seen))["body"] == "zurück"
