"""A user with a real XMPP client, whose stanzas can be waited for."""

import asyncio
from contextlib import asynccontextmanager

import slixmpp
from slixmpp.xmlstream import StanzaBase

PLUGINS = [
    "xep_0030",  # service discovery
    "xep_0045",  # rooms
    "xep_0054",  # cards
    "xep_0066",  # addresses out of band
    "xep_0071",  # text with markup
    "xep_0077",  # registration
    "xep_0085",  # chat states
    "xep_0153",  # photos in presence
    "xep_0184",  # receipts
    "xep_0203",  # delayed delivery
    "xep_0224",  # attention
    "xep_0280",  # copies
]

# Long enough for a machine under full load.
TIMEOUT = 20


class User(slixmpp.ClientXMPP):
    """Keeps what comes in until a test asks for it."""

    def __init__(self, jid, password):
        super().__init__(jid, password, plugin_config={"feature_mechanisms": {"unencrypted_plain": True}})
        self.enable_direct_tls = False
        self.enable_starttls = False
        self.enable_plaintext = True
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        self.inbox: list[StanzaBase] = []
        self._changed = asyncio.Condition()
        self._ended: str | None = None
        self.add_filter("in", self._keep)
        self.add_event_handler("failed_auth", lambda _: self._end("the password was refused"))
        self.add_event_handler("disconnected", lambda why: self._end(f"the connection ended: {why}"))

    def _keep(self, stanza):
        self.inbox.append(stanza)
        asyncio.ensure_future(self._notify())
        return stanza

    def _end(self, why):
        self._ended = self._ended or why
        asyncio.ensure_future(self._notify())

    async def _notify(self):
        async with self._changed:
            self._changed.notify_all()

    async def _wait(self, find, what, timeout):
        async with self._changed:
            try:
                async with asyncio.timeout(timeout):
                    while not (found := find()):
                        if self._ended:
                            raise AssertionError(f"{what} did not come, {self._ended}")
                        await self._changed.wait()
            except TimeoutError:
                came = [str(stanza)[:300] for stanza in self.inbox if stanza.name in ("message", "presence", "iq")]
                raise AssertionError("\n".join([f"{what} did not come in {timeout} s, but:", *came])) from None
            return found

    async def take(self, what, fits, timeout=TIMEOUT):
        """Waits for the first stanza that fits, and takes it."""

        def find():
            return next((stanza for stanza in self.inbox if fits(stanza)), None)

        stanza = await self._wait(find, what, timeout)
        self.inbox.remove(stanza)
        return stanza

    async def message(self, sender, timeout=TIMEOUT):
        """The next message with a text from a bare address."""
        return await self.take(
            f"a message from {sender}",
            lambda stanza: stanza.name == "message" and stanza["from"].bare == sender and stanza["body"],
            timeout,
        )

    async def presence(self, sender, fits=lambda _: True):
        return await self.take(
            f"the presence of {sender}",
            lambda stanza: stanza.name == "presence" and str(stanza["from"]).startswith(sender) and fits(stanza),
        )

    async def roster_item(self, jid, fits=lambda _: True):
        """The contact as the server pushes it."""

        def changes(stanza):
            items = stanza.xml.iterfind("{jabber:iq:roster}query/{jabber:iq:roster}item")
            return stanza.name == "iq" and stanza["type"] == "set" and any(
                item.get("jid") == jid and fits(item) for item in items
            )

        push = await self.take(f"a change of {jid} in the roster", changes)
        return push["roster"]["items"][slixmpp.JID(jid)]

    def text_messages(self):
        """Messages that came and were not asked for."""
        return [stanza for stanza in self.inbox if stanza.name == "message" and stanza["body"]]

    async def log_in(self, port):
        """Connects, and is online."""
        self.connect("127.0.0.1", port)
        started = asyncio.Event()
        self.add_event_handler("session_start", lambda _: self._started(started), disposable=True)
        await self._wait(started.is_set, "the session", TIMEOUT)
        await self.get_roster(timeout=TIMEOUT)
        self.send_presence()

    def _started(self, started):
        started.set()
        asyncio.ensure_future(self._notify())

    async def ended(self):
        """Waits for the end of the connection, and returns why."""
        return await self._wait(lambda: self._ended, "the end of the connection", TIMEOUT)

    async def log_out(self):
        if not self._ended:
            await self.disconnect(wait=5)
        self.abort()


@asynccontextmanager
async def logged_in(spectrum, name, password="secret", domain="localhost"):
    """A user who is logged in, and logged out at the end."""
    user = User(f"{name}@{domain}", password)
    try:
        await user.log_in(spectrum.port)
        yield user
    finally:
        await user.log_out()
