"""Contacts come, change and go."""


def has_groups(*groups):
    """Spectrum pushes the contact as the user wrote it, and then as the network has it."""
    return lambda item: sorted(group.text for group in item) == sorted(groups)


async def test_add_change_remove(alice):
    alice.update_roster("friend@localhost", name="Früind", groups=["Büro", "Sport"])
    item = await alice.roster_item("friend@localhost", has_groups("Büro", "Sport"))
    assert item["name"] == "Früind"
    await alice.presence("friend@localhost", lambda stanza: stanza["type"] == "available")

    alice.update_roster("friend@localhost", name="Best friend", groups=["Home"])
    item = await alice.roster_item("friend@localhost", has_groups("Home"))
    assert item["name"] == "Best friend"

    alice.del_roster_item("friend@localhost")
    await alice.roster_item("friend@localhost", lambda item: item.get("subscription") == "remove")


async def test_asked_to_be_added(alice):
    """Somebody of the network asks, and is added.

    As a server, Spectrum keeps a yes and a no for itself, and tells the backend when the user
    wants to see the other one too.
    """
    alice.auto_authorize = None
    alice.send_message("echo@localhost", "!auth stranger", mtype="chat")
    await alice.presence("stranger@localhost", lambda stanza: stanza["type"] == "subscribe")
    alice.send_presence_subscription("stranger@localhost", ptype="subscribed")
    alice.send_presence_subscription("stranger@localhost", ptype="subscribe")
    await alice.presence("stranger@localhost", lambda stanza: stanza["type"] == "available")
