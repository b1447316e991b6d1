"""Two users who chat over the msncd bridge and its daemon."""

import signal
import subprocess
from itertools import count

import pytest

from spectrum import ROOT, Spectrum, free_port
from user import logged_in

BACKEND = ROOT / "target/debug/examples/msncd_backend"
DAEMON = ROOT / "target/debug/examples/msncd_daemon"


class Daemon:
    def __init__(self):
        self.port = free_port()
        self.start()

    def start(self):
        self.process = subprocess.Popen([DAEMON, "--port", str(self.port)], stdout=subprocess.PIPE)
        assert b"listening on" in self.process.stdout.readline()

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="module")
def daemon():
    daemon = Daemon()
    yield daemon
    daemon.kill()


def start_spectrum(name, daemon):
    sections = f"[msncd]\nport = {daemon.port}\npoll_interval = 50\nreconnect_delay = 50\ntyping_lasts = 500\n"
    return Spectrum(name, BACKEND, sections)


@pytest.fixture(scope="module")
def spectrum(daemon):
    with start_spectrum("msncd", daemon) as spectrum:
        yield spectrum
    spectrum.check_backends()


numbers = count(1)


@pytest.fixture
async def alice(spectrum):
    async with logged_in(spectrum, f"alice{next(numbers)}%example.org") as user:
        yield user


@pytest.fixture
async def bob(spectrum):
    async with logged_in(spectrum, f"bob{next(numbers)}%example.org") as user:
        yield user


def jid(user):
    """The address that others see the account at; for the login, Spectrum wants a % in place of the @."""
    return user.boundjid.bare.replace("%", r"\40")


async def befriend(asks, asked):
    """Both have each other in their contacts."""
    asked.auto_authorize = None
    asks.auto_authorize = None
    asks.update_roster(jid(asked), name="Friend", groups=["Network"])
    await asks.roster_item(jid(asked), lambda item: item.get("subscription") != "remove")
    await asked.presence(jid(asks), lambda stanza: stanza["type"] == "subscribe")
    asked.send_presence_subscription(jid(asks), ptype="subscribed")
    asked.send_presence_subscription(jid(asks), ptype="subscribe")
    for one, other in ((asks, asked), (asked, asks)):
        await one.presence(jid(other), lambda stanza: stanza["type"] == "available")


async def test_wrong_password(spectrum, alice):
    with pytest.raises(AssertionError, match="the password was refused"):
        async with logged_in(spectrum, alice.boundjid.user, "another"):
            pass


async def test_messages_both_ways(alice, bob):
    await befriend(alice, bob)
    for one, other in ((alice, bob), (bob, alice)):
        for text in ("Hello", "Grüße, привет, 👩‍👩‍👧‍👦", "first\n\n  second\nlast"):
            one.send_message(jid(other), text, mtype="chat")
            assert (await other.message(jid(one)))["body"] == text


async def test_typing(alice, bob):
    """The network says when it starts; the bridge ends it after a while."""
    await befriend(alice, bob)
    # Spectrum drops it where nothing was said before.
    alice.send_message(jid(bob), "Hello", mtype="chat")
    await bob.message(jid(alice))
    message = alice.make_message(jid(bob), mtype="chat")
    message["chat_state"] = "composing"
    message.send()
    for state in ("composing", "paused"):
        await bob.take(state, lambda stanza: stanza.name == "message" and stanza["chat_state"] == state)


@pytest.mark.parametrize("show, seen", [("away", "away"), ("dnd", "dnd"), ("xa", "xa"), ("chat", "")])
async def test_status(alice, bob, show, seen):
    """As far as the network has a word for it."""
    await befriend(alice, bob)
    alice.send_presence(pshow="dnd" if show != "dnd" else "away")
    await bob.presence(jid(alice), lambda stanza: stanza["show"] in ("dnd", "away"))
    alice.send_presence(pshow=show)
    await bob.presence(jid(alice), lambda stanza: stanza["show"] == seen)


async def test_friend_leaves_and_returns(spectrum, alice):
    async with logged_in(spectrum, "goes%example.org") as friend:
        await befriend(alice, friend)
        address = jid(friend)
    await alice.presence(address, lambda stanza: stanza["type"] == "unavailable")
    alice.send_message(address, "for later", mtype="chat")
    async with logged_in(spectrum, "goes%example.org") as friend:
        await alice.presence(address, lambda stanza: stanza["type"] == "available")
        assert (await friend.message(jid(alice)))["body"] == "for later"
        assert jid(alice) in friend.client_roster


async def test_card(alice, bob):
    answer = await alice.plugin["xep_0054"].get_vcard(jid(bob), timeout=20)
    assert answer["vcard_temp"]["FN"] == bob.boundjid.user.split("%")[0]


async def test_remove(alice, bob):
    await befriend(alice, bob)
    alice.del_roster_item(jid(bob))
    await alice.roster_item(jid(bob), lambda item: item.get("subscription") == "remove")


async def test_large(alice, bob):
    text = "0123456789 äöü\n" * 9_000
    alice.send_message(jid(bob), text, mtype="chat")
    assert (await bob.message(jid(alice)))["body"] == text


async def test_more_lines_than_the_network_takes(alice, bob):
    """Whoever sends them is told that they did not arrive."""
    alice.send_message(jid(bob), "0123456789\n" * 20_000, mtype="chat")
    told = await alice.message(jid(bob))
    assert told["body"].startswith("Not delivered, the daemon refused: there are more lines than")


async def test_network_restarts(spectrum, daemon, alice, bob):
    """While it is away messages come back, and then users are logged in again without their doing."""
    await befriend(alice, bob)
    daemon.kill()
    alice.send_message(jid(bob), "into the void", mtype="chat")
    assert (await alice.message(jid(bob)))["body"].startswith("Not delivered")
    daemon.start()
    for user in (alice, bob):
        await spectrum.line(f"{user.boundjid.bare}: Setting ignoreDisconnect=0", count=2)
    alice.send_message(jid(bob), "back again", mtype="chat")
    assert (await bob.message(jid(alice)))["body"] == "back again"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
async def test_main_process_ends(daemon, number):
    """The backend ends with it, and well; its users leave the network."""
    with start_spectrum("msncd-ends", daemon) as ending, start_spectrum("msncd-stays", daemon) as staying:
        async with logged_in(staying, f"stays-{number.name}%example.org") as stays:
            async with logged_in(ending, f"leaves-{number.name}%example.org") as leaves:
                await befriend(stays, leaves)
                ending.signal(number)
                await leaves.ended()
                await stays.presence(jid(leaves), lambda stanza: stanza["type"] == "unavailable")
        await ending.end()
    for spectrum in (ending, staying):
        spectrum.check_backends()
