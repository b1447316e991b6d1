// The C++ header: lists in `for` loops, frames, exceptions. tests/capi_codec.rs runs it.

#include <arpa/inet.h>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "spectrum2.hpp"

namespace {

sp2_payload payloadOf(int32_t type) {
    sp2_payload payload{};
    payload.type = type;
    return payload;
}

std::string framesOf(const sp2_payload &payload) {
    std::string frames;
    spectrum2::encode(payload, frames);
    return frames;
}

void listsAreRanges() {
    const sp2_str groups[] = {spectrum2::str("Friends"), spectrum2::str("Work")};
    sp2_payload sent = payloadOf(SP2_TYPE_BUDDY_CHANGED);
    sent.as.buddy.group.items = groups;
    sent.as.buddy.group.count = 2;
    const std::string frames = framesOf(sent);
    std::string_view rest = frames;
    const auto body = spectrum2::split(rest);
    CHECK(body && rest.empty() && !spectrum2::split(rest));
    const sp2_payload received = spectrum2::decode(*body);
    std::string all;
    for (std::string_view group : received.as.buddy.group)
        all += std::string(group) + ";";
    CHECK(all == "Friends;Work;");
    CHECK(spectrum2::view(received.as.buddy.alias).data() == nullptr);
    for (std::string_view none : sp2_str_list{})
        CHECK(none.empty() && false);
}

void stringsMayBeVouchedFor() {
    sp2_payload connected = payloadOf(SP2_TYPE_CONNECTED);
    connected.as.connected.user = spectrum2::str("alice");
    std::string frames = framesOf(connected);
    spectrum2::encodeUnchecked(connected, frames);
    CHECK(frames == framesOf(connected) + framesOf(connected));
    connected.as.connected.user = spectrum2::str("\xff");
    frames.clear();
    spectrum2::encodeUnchecked(connected, frames);
    CHECK(frames == std::string("\0\0\0\x07\x08\x01\x12\x03\x0a\x01\xff", 11));
}

void mapsAreRanges() {
    const sp2_entry entries[] = {{spectrum2::str("a"), spectrum2::str("1")}, {spectrum2::str("b"), spectrum2::str("")}};
    sp2_payload sent = payloadOf(SP2_TYPE_LOGIN);
    sent.as.login.settings.is_set = 1;
    sent.as.login.settings.value.value.items = entries;
    sent.as.login.settings.value.value.count = 2;
    const std::string frames = framesOf(sent);
    const sp2_payload received = spectrum2::decode(std::string_view(frames).substr(SP2_FRAME_HEADER_LEN));
    std::string all;
    for (auto [name, value] : received.as.login.settings.value.value)
        all += std::string(name) + "=" + std::string(value) + ";";
    CHECK(all == "a=1;b=;");
}

void failuresAreThrown() {
    try {
        spectrum2::decode("\x08\x01\x12\x02\x0a\x09");
        CHECK(false);
    } catch (const spectrum2::Error &error) {
        CHECK(error.code() == SP2_TRUNCATED && spectrum2::view(error.details().field) == "user");
    }
    sp2_payload wrong = payloadOf(SP2_TYPE_CONNECTED);
    wrong.as.connected.user = spectrum2::str("\xff");
    std::string frames = "kept";
    try {
        spectrum2::encode(wrong, frames);
        CHECK(false);
    } catch (const spectrum2::Error &error) {
        CHECK(error.code() == SP2_INVALID_UTF8 && frames == "kept");
    }
    const char *arguments[] = {"backend"};
    try {
        spectrum2::Launch(1, const_cast<char *const *>(arguments));
        CHECK(false);
    } catch (const std::exception &error) {
        CHECK(std::string(error.what()).find("--host") != std::string::npos);
    }
}

/** What is a backend's own, beside the methods of the plugin library that the echo backend has. */
class Own : public spectrum2::Backend {
public:
    void handleLogin(const sp2_login &login) override {
        for (std::string_view value : login.extra_fields)
            seen += std::string(value) + ";";
        Backend::handleLogin(login);
    }
    void handleLoginRequest(std::string_view user, std::string_view, std::string_view, const Settings &) override {
        seen += std::string(user) + ";";
    }
    void handleLogoutRequest(std::string_view, std::string_view) override {}
    void handleMessageSendRequest(std::string_view, std::string_view, std::string_view, std::string_view,
                                  std::string_view) override {}
    uint32_t tick() const override { return 1; }
    void handleIdle() override {
        if (seen.empty())
            return;
        seen += "idle;";
        client->shutdown();
    }

    std::string seen;
    spectrum2::Client *client = nullptr;
};

/** The backend's requests stand ready before it runs. */
void aBackendSeesExtraFieldsAndTicks() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    CHECK(bind(listener, reinterpret_cast<sockaddr *>(&address), size) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size) == 0);
    spectrum2::Client client("127.0.0.1", ntohs(address.sin_port));
    const int peer = accept(listener, nullptr, nullptr);

    const sp2_str values[] = {spectrum2::str("first"), spectrum2::str("")};
    sp2_payload login = payloadOf(SP2_TYPE_LOGIN);
    login.as.login.user = spectrum2::str("alice");
    login.as.login.extra_fields.items = values;
    login.as.login.extra_fields.count = 2;
    const std::string frames = framesOf(login);
    CHECK(write(peer, frames.data(), frames.size()) == static_cast<ssize_t>(frames.size()));
    Own backend;
    backend.client = &client;
    backend.run(client);
    CHECK(backend.seen == "first;;alice;idle;");
    close(peer);
    close(listener);
}

/* The answers stand ready before they are asked for. */
void aDaemonIsAsked() {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    spectrum2::Msncd client(ends[0]);
    const auto say = [&](std::string_view text) {
        CHECK(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    };
    say("OK\n");
    client.login("alice@net", "secret");
    say("CL 2\nonline bob@net Bob%20%26%20Co.\naway eve@net\n");
    std::string all;
    for (const sp2_msncd_contact &contact : client.contacts())
        all += std::string(spectrum2::view(contact.email)) + "=" + std::string(spectrum2::view(contact.nick)) + ";";
    CHECK(all == "bob@net=Bob & Co.;eve@net=;");
    say("CL 0\n");
    for (const sp2_msncd_contact &contact : client.reverseContacts())
        CHECK(contact.email.len == 0 && false);
    say("name = Bob\n\n");
    for (auto [name, value] : client.info("bob@net"))
        CHECK(name == "name" && value == "Bob");
    say("MSG 3 1 bob@net\nheader\nHello,\nAlice\nPOLLEND\n");
    const auto event = client.poll();
    CHECK(event && spectrum2::view(event->header) == "header" && spectrum2::view(event->text) == "Hello,\nAlice");
    CHECK(!client.poll());
    say("ERR nobody is there\n");
    try {
        client.sendMessage("eve@net", "Hello");
        CHECK(false);
    } catch (const spectrum2::Error &error) {
        CHECK(error.code() == SP2_REFUSED && std::string(error.what()) == "nobody is there");
    }
    say("OK\n");
    client.setPrivacy(true, false);
    const std::string_view expected = "LOGIN alice@net secret\nGETCL\nGETRCL\nINFO bob@net\nPOLL\n"
                                      "SENDMSG 1 eve@net\nHello\nPRIV 1 0\n";
    char sent[200];
    CHECK(read(ends[1], sent, sizeof(sent)) == static_cast<ssize_t>(expected.size()));
    CHECK(std::string_view(sent, expected.size()) == expected);
    close(ends[1]);
}

void theDaemonMayBeAskedOverAnything() {
    namespace msncd = spectrum2::msncd;
    sp2_msncd_command command{};
    command.type = SP2_MSNCD_SEND_MESSAGE;
    command.user = spectrum2::str("bob@net");
    command.text = spectrum2::str("Hello");
    std::string commands = "POLL\n";
    msncd::encode(command, commands);
    CHECK(commands == "POLL\nSENDMSG 1 bob@net\nHello\n");
    command.user = spectrum2::str("bob bob@net");
    try {
        msncd::encode(command, commands);
        CHECK(false);
    } catch (const spectrum2::Error &error) {
        CHECK(error.code() == SP2_INVALID_ARGUMENT && commands.size() == 29);
    }

    std::string_view received = "CL 1\nonline bob@net Bob%201\nTYPING bob@net\nPOLLEN";
    const auto list = msncd::split(received, SP2_MSNCD_CONTACT_LIST);
    CHECK(list);
    sp2_msncd_lines lines = msncd::decodeAnswer(*list, SP2_MSNCD_CONTACT_LIST);
    sp2_msncd_contact_line contact;
    CHECK(sp2_msncd_contact_next(&lines, &contact) && msncd::decodeNick(contact) == "Bob 1");
    const auto event = msncd::split(received, SP2_MSNCD_POLL);
    CHECK(event && msncd::decodeEvent(*event).type == SP2_MSNCD_EVENT_TYPING);
    CHECK(!msncd::split(received, SP2_MSNCD_POLL) && received == "POLLEN");
    try {
        msncd::decodeAnswer("ERR nobody is there\n", SP2_MSNCD_INFO);
        CHECK(false);
    } catch (const spectrum2::Error &error) {
        CHECK(error.code() == SP2_REFUSED && std::string(error.what()) == "nobody is there");
    }
}

}  // namespace

int main(int count, char **arguments) {
    if (count == 2 && std::string_view(arguments[1]) == "main")
        return Own().main(1, arguments);
    listsAreRanges();
    mapsAreRanges();
    stringsMayBeVouchedFor();
    failuresAreThrown();
    aBackendSeesExtraFieldsAndTicks();
    aDaemonIsAsked();
    theDaemonMayBeAskedOverAnything();
    std::puts("ok");
}
