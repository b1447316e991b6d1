// A backend whose network has one contact, `echo`, that says everything back. What it does, point by
// point, stands in examples/echo.rs.

#include <map>
#include <optional>
#include <string>

#include "spectrum2.hpp"

extern "C" {
#include "sha1.h"
}

namespace {

using std::string;
using std::string_view;

/// What is known of a user.
struct User {
    /// The user's own card: nickname and photo.
    std::optional<std::pair<string, string>> card;
    /// The rooms that the user is in, with the user's nickname there.
    std::map<string, string, std::less<>> rooms;
};

/// The two parts around the first `separator`, if there is one.
std::optional<std::pair<string_view, string_view>> splitAt(string_view text, char separator) {
    const size_t at = text.find(separator);
    if (at == string_view::npos)
        return std::nullopt;
    return std::pair(text.substr(0, at), text.substr(at + 1));
}

bool isThere(string_view text) {
    return text.data() != nullptr;
}

class Echo : public spectrum2::Backend {
public:
    void handleStart() override {
        spectrum2::PluginConfig config;
        config.needRegistration = false;
        config.supportMUC = true;
        config.receipts = true;
        sendConfig(config);
        handleRoomList({}, {"#test"}, {"Test room"});
    }

    void handleLoginRequest(string_view user, string_view, string_view password, const Settings &) override {
        if (password == "badpw") {
            handleDisconnected(user, SP2_CONNECTION_ERROR_AUTHENTICATION_FAILED, "Wrong password");
            return;
        }
        users[string(user)] = User();
        handleConnected(user);
        handleBuddyChanged(user, "echo", "Echo", {}, SP2_STATUS_ONLINE);
    }

    void handleLogoutRequest(string_view user, string_view) override {
        users.erase(string(user));
    }

    void handleStatusChangeRequest(string_view user, int status, string_view statusMessage) override {
        const int shown = status == SP2_STATUS_INVISIBLE ? SP2_STATUS_NONE : status;
        handleBuddyChanged(user, "echo", "", {}, shown, statusMessage);
    }

    void handleMessageSendRequest(string_view user, string_view legacyName, string_view message, string_view xhtml,
                                  string_view id) override {
        const std::optional<string> ownNickname = nickname(user, legacyName);
        auto participant = splitAt(legacyName, '/');
        if (participant && participant->first.substr(0, 1) != "#")
            participant.reset();
        // What nobody receives gets no receipt either.
        if (legacyName != "echo" && !ownNickname && !participant)
            return;
        if (isThere(id))
            handleMessageAck(user, legacyName, id);
        if (ownNickname) {
            handleMessage(user, legacyName, message, *ownNickname, xhtml);
            handleMessage(user, legacyName, "echo: " + string(message), "echo");
        } else if (participant) {
            handleMessage(user, participant->first, message, participant->second, xhtml, {}, false, true);
        } else {
            answer(user, legacyName, message, xhtml);
        }
    }

    void handleBuddyUpdatedRequest(string_view user, string_view buddyName, string_view alias,
                                   const Strings &groups) override {
        handleBuddyChanged(user, buddyName, alias, groups, SP2_STATUS_ONLINE);
    }

    void handleBuddyRemovedRequest(string_view user, string_view buddyName, const Strings &) override {
        handleBuddyRemoved(user, buddyName);
    }

    void handleTypingRequest(string_view user, string_view buddyName) override {
        handleBuddyTyping(user, buddyName);
    }

    void handleTypedRequest(string_view user, string_view buddyName) override {
        handleBuddyTyped(user, buddyName);
    }

    void handleStoppedTypingRequest(string_view user, string_view buddyName) override {
        handleBuddyStoppedTyping(user, buddyName);
    }

    void handleAttentionRequest(string_view user, string_view buddyName, string_view message) override {
        handleAttention(user, buddyName, message);
    }

    void handleVCardRequest(string_view user, string_view legacyName, unsigned id) override {
        const auto known = users.find(user);
        const auto card = known != users.end() && known->second.card ? *known->second.card : std::pair<string, string>("echo", "");
        handleVCard(user, id, legacyName, "Full " + string(legacyName), card.first, card.second);
    }

    void handleVCardUpdatedRequest(string_view user, string_view photo, string_view nickname) override {
        users[string(user)].card = std::pair<string, string>(nickname, photo);
        char hash[41];
        sha1_hex(reinterpret_cast<const unsigned char *>(photo.data()), photo.size(), hash);
        handleBuddyChanged(user, "echo", {}, {}, SP2_STATUS_ONLINE, {}, hash);
    }

    void handleJoinRoomRequest(string_view user, string_view room, string_view nickname,
                               string_view password) override {
        if (const int refused = refusal(room, nickname, password); refused != SP2_PARTICIPANT_FLAG_NONE) {
            handleParticipantChanged(user, nickname, room, refused);
            return;
        }
        users[string(user)].rooms[string(room)] = nickname;
        handleParticipantChanged(user, "echo", room, SP2_PARTICIPANT_FLAG_MODERATOR, SP2_STATUS_ONLINE);
        handleParticipantChanged(user, "away", room, SP2_PARTICIPANT_FLAG_NONE, SP2_STATUS_AWAY, "lunch");
        handleParticipantChanged(user, nickname, room, SP2_PARTICIPANT_FLAG_ME, SP2_STATUS_ONLINE);
        handleSubject(user, room, "Subject of " + string(room), "echo");
    }

    void handleLeaveRoomRequest(string_view user, string_view room) override {
        if (const auto known = users.find(user); known != users.end())
            known->second.rooms.erase(string(room));
    }

    void handleRoomSubjectChangedRequest(string_view user, string_view room, string_view message) override {
        // A message to a contact may have a subject too.
        if (const auto ownNickname = nickname(user, room))
            handleSubject(user, room, message, *ownNickname);
    }

private:
    /// What `echo` says to a message.
    void answer(string_view user, string_view legacyName, string_view message, string_view xhtml) {
        const auto [command, text] = splitAt(message, ' ').value_or(std::pair<string_view, string_view>());
        // A command with nothing behind it is none.
        if (!text.empty() && command == "!auth")
            handleAuthorization(user, text);
        else if (!text.empty() && command == "!delay")
            handleMessage(user, legacyName, text, {}, {}, "20200102T030405");
        else if (!text.empty() && command == "!attach")
            handleMessage(user, legacyName, text, {}, {}, {}, false, false, false, {{text, {}, {}}});
        else if (!text.empty() && command == "!carbon")
            handleMessage(user, legacyName, text, {}, {}, {}, false, false, true);
        else
            handleMessage(user, legacyName, message, {}, xhtml);
    }

    /// The flag that says why a room cannot be joined, or that it can.
    static int refusal(string_view room, string_view nickname, string_view password) {
        if (room == "#missing")
            return SP2_PARTICIPANT_FLAG_ROOM_NOT_FOUND;
        if (room == "#locked" && password != "sesame")
            return SP2_PARTICIPANT_FLAG_NOT_AUTHORIZED;
        if (nickname == "taken")
            return SP2_PARTICIPANT_FLAG_CONFLICT;
        return SP2_PARTICIPANT_FLAG_NONE;
    }

    /// The user's nickname in a room that the user is in.
    std::optional<string> nickname(string_view user, string_view room) const {
        const auto known = users.find(user);
        if (known == users.end())
            return std::nullopt;
        const auto joined = known->second.rooms.find(room);
        return joined == known->second.rooms.end() ? std::nullopt : std::optional(joined->second);
    }

    std::map<string, User, std::less<>> users;
};

}  // namespace

int main(int count, char **arguments) {
    return Echo().main(count, arguments);
}
