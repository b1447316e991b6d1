"""Cards, with photos."""

import hashlib
import random

PHOTO = b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(100_000)


async def test_card(alice):
    answer = await alice.plugin["xep_0054"].get_vcard("echo@localhost", timeout=20)
    assert answer["vcard_temp"]["FN"] == "Full echo"
    assert answer["vcard_temp"]["NICKNAME"] == ["echo"] or answer["vcard_temp"]["NICKNAME"] == "echo"


async def test_photo(alice):
    """The user's photo comes back: its hash in presence, itself in the card."""
    card = alice.plugin["xep_0054"].make_vcard()
    card["NICKNAME"] = "Älice"
    card["PHOTO"]["TYPE"] = "image/png"
    card["PHOTO"]["BINVAL"] = PHOTO
    await alice.plugin["xep_0054"].publish_vcard(card, alice.boundjid.bare, timeout=20)
    digest = hashlib.sha1(PHOTO).hexdigest()
    await alice.presence("echo@localhost", lambda stanza: stanza["vcard_temp_update"]["photo"] == digest)
    answer = await alice.plugin["xep_0054"].get_vcard("echo@localhost", timeout=20)
    assert answer["vcard_temp"]["PHOTO"]["BINVAL"] == PHOTO
