"""Users come and go."""

import pytest

from user import User, logged_in


async def test_contact_is_there(alice):
    """The roster after login has the network's contact, and it is online."""
    item = alice.client_roster["echo@localhost"]
    assert (item["name"], item["subscription"]) == ("Echo", "both")
    presence = await alice.presence("echo@localhost")
    assert presence["type"] == "available"


async def test_wrong_password(echo):
    user = User("mallory@localhost", "badpw")
    with pytest.raises(AssertionError, match="the password was refused"):
        await user.log_in(echo.port)
    await user.log_out()


async def test_login_again(echo):
    for greeting in ("first", "second", "third"):
        async with logged_in(echo, "returning") as user:
            user.send_message("echo@localhost", greeting, mtype="chat")
            assert (await user.message("echo@localhost"))["body"] == greeting


async def test_several_users(echo):
    """Each is answered, and nobody else."""
    async with logged_in(echo, "first") as first, logged_in(echo, "second") as second:
        users = {"first": first, "second": second}
        for round in range(10):
            for name, user in users.items():
                user.send_message("echo@localhost", f"{round} of {name}", mtype="chat")
        for name, user in users.items():
            for round in range(10):
                assert (await user.message("echo@localhost"))["body"] == f"{round} of {name}"
            assert not user.text_messages()
