/**
 * The C ABI of spectrum2 for C++17: handles that free themselves, `std::string_view`, lists in `for`
 * loops, exceptions, and a `Backend` with the method names of Spectrum's C++ plugin library.
 *
 * All of it is in this header, on top of spectrum2.h, whose rules hold here too. A `std::string_view`
 * is absent when its `data()` is NULL, as one is that was made of nothing; "" and an empty
 * `std::string` are there, and empty.
 *
 *     for (std::string_view group : buddy.group) ...
 *     for (auto [name, value] : settings.value) ...
 */
#ifndef SPECTRUM2_HPP
#define SPECTRUM2_HPP

#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spectrum2.h"

namespace spectrum2 {

/** What went wrong. `what()` is a line for people. */
class Error : public std::runtime_error {
public:
    explicit Error(const sp2_error &error) : std::runtime_error(error.text), details_(error) {}

    /** An `sp2_result`. */
    int32_t code() const noexcept { return details_.code; }

    const sp2_error &details() const noexcept { return details_; }

private:
    sp2_error details_;
};

inline std::string_view view(const sp2_str &string) noexcept { return {string.ptr, string.len}; }

inline std::string_view view(const sp2_bytes &bytes) noexcept {
    return {reinterpret_cast<const char *>(bytes.ptr), bytes.len};
}

inline sp2_str str(std::string_view string) noexcept { return {string.data(), string.size()}; }

inline sp2_bytes bytes(std::string_view string) noexcept {
    return {reinterpret_cast<const uint8_t *>(string.data()), string.size()};
}

/** Calls a function of spectrum2.h, with `error` as its last argument, and throws what went wrong. */
template <typename Function, typename... Arguments>
void call(Function function, Arguments... arguments) {
    sp2_error error;
    if (function(arguments..., &error) != SP2_OK)
        throw Error(error);
}

/** Decodes the body of a frame, which the payload then points into. */
inline sp2_payload decode(std::string_view body) {
    sp2_payload payload;
    call(sp2_decode, bytes(body).ptr, body.size(), &payload);
    return payload;
}

namespace detail {

/** Encodes a value to the end of a container, with two functions of C. */
template <typename Count, typename Encode, typename Value, typename Container>
void append(Count count, Encode encode, const Value &value, Container &container) {
    static_assert(sizeof(typename Container::value_type) == 1, "a container of bytes");
    size_t length = 0;
    call(count, &value, &length);
    const size_t start = container.size();
    container.resize(start + length);
    uint8_t *place = reinterpret_cast<uint8_t *>(container.data()) + start;
    sp2_error error;
    if (encode(&value, place, length, &length, &error) != SP2_OK) {
        container.resize(start);
        throw Error(error);
    }
}

}  // namespace detail

/** Encodes a frame to the end of `frames`: a string, or a vector of bytes. */
template <typename Container>
void encode(const sp2_payload &payload, Container &frames) {
    // Strings are checked once, by the function that encodes them.
    detail::append(sp2_frame_encoded_len_unchecked, sp2_frame_encode, payload, frames);
}

/** Likewise of strings that you vouch for: see `sp2_encode_unchecked`. */
template <typename Container>
void encodeUnchecked(const sp2_payload &payload, Container &frames) {
    detail::append(sp2_frame_encoded_len_unchecked, sp2_frame_encode_unchecked, payload, frames);
}

/**
 * Splits the first frame off `received`, and returns its body; nothing when there is only a part of a
 * frame.
 */
inline std::optional<std::string_view> split(std::string_view &received,
                                             size_t limit = SP2_FRAME_DEFAULT_LIMIT) {
    sp2_bytes body;
    sp2_error error;
    switch (sp2_frame_split(bytes(received).ptr, received.size(), limit, &body, &error)) {
    case SP2_OK:
        received.remove_prefix(SP2_FRAME_HEADER_LEN + body.len);
        return view(body);
    case SP2_INCOMPLETE:
        return std::nullopt;
    default:
        throw Error(error);
    }
}

/** Goes through a list; what `for` needs. */
template <typename List, typename Item, int32_t (*next)(List *, Item *), typename Value, Value (*value)(const Item &)>
class Iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Value;
    using difference_type = std::ptrdiff_t;
    using pointer = const Value *;
    using reference = Value;

    /** The end. */
    Iterator() = default;
    explicit Iterator(const List &list) : rest_(list) { ++*this; }

    Value operator*() const { return value(item_); }

    Iterator &operator++() {
        at_end_ = next(&rest_, &item_) == 0;
        return *this;
    }

    Iterator operator++(int) {
        Iterator before = *this;
        ++*this;
        return before;
    }

    /** Iterators of one list are equal when as much is left, or when both are at the end. */
    bool operator==(const Iterator &other) const {
        return at_end_ == other.at_end_ && (at_end_ || rest_.count == other.rest_.count);
    }
    bool operator!=(const Iterator &other) const { return !(*this == other); }

private:
    List rest_{};
    Item item_{};
    bool at_end_ = true;
};

namespace detail {

inline std::string_view value_of(const sp2_str &string) { return view(string); }
inline std::pair<std::string_view, std::string_view> value_of(const sp2_entry &entry) {
    return {view(entry.key), view(entry.value)};
}
template <typename Message>
Message itself(const Message &message) {
    return message;
}

using StrIterator = Iterator<sp2_str_list, sp2_str, sp2_str_list_next, std::string_view, value_of>;
using MapIterator =
    Iterator<sp2_map, sp2_entry, sp2_map_next, std::pair<std::string_view, std::string_view>, value_of>;
using AttachmentIterator =
    Iterator<sp2_attachment_list, sp2_attachment, sp2_attachment_list_next, sp2_attachment, itself<sp2_attachment>>;
using BuddyIterator = Iterator<sp2_buddy_list, sp2_buddy, sp2_buddy_list_next, sp2_buddy, itself<sp2_buddy>>;

struct Free {
    void operator()(sp2_launch *launch) const noexcept { sp2_launch_free(launch); }
    void operator()(sp2_client *client) const noexcept { sp2_client_free(client); }
    void operator()(sp2_msncd *client) const noexcept { sp2_msncd_free(client); }
};

}  // namespace detail

/** The command line and the configuration file. The strings live as long as it does. */
class Launch {
public:
    Launch(int count, char *const *arguments) {
        sp2_launch *launch = nullptr;
        call(sp2_launch_parse, count, arguments, &launch);
        launch_.reset(launch);
    }

    std::string_view host() const { return view(sp2_launch_host(get())); }
    uint16_t port() const { return sp2_launch_port(get()); }
    uint32_t backendId() const { return sp2_launch_backend_id(get()); }
    std::string_view jid() const { return view(sp2_launch_jid(get())); }
    std::string_view configPath() const { return view(sp2_launch_config_path(get())); }

    /** The value of `section.key`; absent where there is none. */
    std::string_view get(std::string_view key) const { return view(sp2_launch_get(get(), str(key))); }

    /** All values of a key that stands more than once. */
    std::vector<std::string_view> list(std::string_view key) const {
        std::vector<std::string_view> values;
        for (;;) {
            const sp2_str value = sp2_launch_get_nth(get(), str(key), values.size());
            if (value.ptr == nullptr)
                return values;
            values.push_back(view(value));
        }
    }

    int64_t number(std::string_view key, int64_t absent) const {
        call(sp2_launch_get_number, get(), str(key), &absent);
        return absent;
    }

    bool flag(std::string_view key, bool absent) const {
        int32_t truth = absent;
        call(sp2_launch_get_bool, get(), str(key), &truth);
        return truth != 0;
    }

    const sp2_launch *get() const noexcept { return launch_.get(); }

private:
    std::unique_ptr<sp2_launch, detail::Free> launch_;
};

/** A connection to the main process. Any thread may send and shut down. */
class Client {
public:
    explicit Client(const Launch &launch) {
        sp2_client *client = nullptr;
        call(sp2_client_connect, launch.get(), &client);
        client_.reset(client);
    }

    Client(std::string_view host, uint16_t port) {
        sp2_client *client = nullptr;
        call(sp2_client_connect_to, str(host), port, &client);
        client_.reset(client);
    }

    void send(const sp2_payload &payload) { call(sp2_client_send, get(), &payload); }
    void shutdown() { call(sp2_client_shutdown, get()); }
    void setPingTimeout(uint32_t milliseconds) { call(sp2_client_set_ping_timeout, get(), milliseconds); }

    /** What comes next: nothing after the time given, or at the end, which `closed` says. */
    std::optional<sp2_payload> next(uint32_t milliseconds) {
        sp2_payload payload;
        sp2_error error;
        switch (sp2_client_next(get(), milliseconds, &payload, &error)) {
        case SP2_OK:
            return payload;
        case SP2_CLOSED:
            closed_ = true;
            return std::nullopt;
        case SP2_TIMEOUT:
            return std::nullopt;
        default:
            throw Error(error);
        }
    }

    bool closed() const noexcept { return closed_; }

    sp2_client *get() const noexcept { return client_.get(); }

private:
    std::unique_ptr<sp2_client, detail::Free> client_;
    bool closed_ = false;
};

/** What a backend supports. */
struct PluginConfig {
    bool needPassword = true;
    bool needRegistration = true;
    bool supportMUC = false;
    bool rawXML = false;
    bool disableJIDEscaping = false;
    bool receipts = false;
    bool sendBuddiesOnLogin = false;
    std::vector<std::string_view> extraFields;
};

/** A file that a message points to. */
struct Attachment {
    std::string_view url, mimeType, description;
};

/**
 * A backend. Methods to override are named `handle...Request`, as in Spectrum's C++ plugin library,
 * with the same arguments; those to call have its names too: `handleConnected`, `handleMessage`.
 *
 * `main` and `run` call the former until the connection ends, on their thread. Once `handleStart` was
 * called, any thread may call the latter. What a method throws ends the loop, and comes out of `run`.
 * Strings and lists that a method gets live until it returns.
 */
class Backend {
public:
    using Strings = std::vector<std::string_view>;
    using Settings = std::map<std::string_view, std::string_view>;

    Backend() = default;
    Backend(const Backend &) = delete;
    Backend &operator=(const Backend &) = delete;
    virtual ~Backend() = default;

    /** Runs until the main process says EXIT or closes the connection, or until `Client::shutdown`. */
    void run(Client &client) {
        client_ = client.get();
        sp2_backend table = callbacks();
        table.tick = tick();
        sp2_error error;
        const sp2_result result = sp2_client_run(client_, &table, this, &error);
        client_ = nullptr;
        if (failure_)
            std::rethrow_exception(std::exchange(failure_, nullptr));
        if (result != SP2_OK)
            throw Error(error);
    }

    /** The whole `main` of a program: returns the exit status. What goes wrong is a line on `std::cerr`. */
    int main(int count, char *const *arguments) {
        try {
            const Launch launch(count, arguments);
            handleLaunch(launch);
            Client client(launch);
            run(client);
            return 0;
        } catch (const std::exception &error) {
            const std::string_view path = count > 0 && arguments[0] ? arguments[0] : "backend";
            std::cerr << path.substr(path.rfind('/') + 1) << ": " << error.what() << std::endl;
            const Error *known = dynamic_cast<const Error *>(&error);
            return known && known->code() == SP2_LAUNCH_FAILED ? 2 : 1;
        }
    }

    // What the main process asks for.

    /** The whole login, with the values of `PluginConfig::extraFields`. Calls handleLoginRequest. */
    virtual void handleLogin(const sp2_login &login) {
        handleLoginRequest(view(login.user), view(login.legacy_name), view(login.password), settingsOf(login));
    }
    virtual void handleLoginRequest(std::string_view user, std::string_view legacyName, std::string_view password,
                                    const Settings &settings) = 0;
    virtual void handleLogoutRequest(std::string_view user, std::string_view legacyName) = 0;
    /** A message to a room is for the user too: it has to come back, with the user's nickname. */
    virtual void handleMessageSendRequest(std::string_view user, std::string_view legacyName,
                                          std::string_view message, std::string_view xhtml, std::string_view id) = 0;

    /** `main` has read the command line; the connection does not stand yet. */
    virtual void handleLaunch(const Launch &) {}
    /** The connection stands: the place for `sendConfig`. */
    virtual void handleStart() {}
    virtual void handleStatusChangeRequest(std::string_view /*user*/, int /*status*/,
                                           std::string_view /*statusMessage*/) {}
    virtual void handleBuddies(const sp2_buddies & /*buddies*/) {}
    virtual void handleBuddyUpdatedRequest(std::string_view /*user*/, std::string_view /*buddyName*/,
                                           std::string_view /*alias*/, const Strings & /*groups*/) {}
    virtual void handleBuddyRemovedRequest(std::string_view /*user*/, std::string_view /*buddyName*/,
                                           const Strings & /*groups*/) {}
    virtual void handleBuddyBlockToggled(std::string_view /*user*/, std::string_view /*buddyName*/,
                                         bool /*blocked*/) {}
    virtual void handleTypingRequest(std::string_view /*user*/, std::string_view /*buddyName*/) {}
    virtual void handleTypedRequest(std::string_view /*user*/, std::string_view /*buddyName*/) {}
    virtual void handleStoppedTypingRequest(std::string_view /*user*/, std::string_view /*buddyName*/) {}
    virtual void handleAttentionRequest(std::string_view /*user*/, std::string_view /*buddyName*/,
                                        std::string_view /*message*/) {}
    /**
     * Answer with handleParticipantChanged of the others and then of the user, and with handleSubject; or
     * of the user alone, with the flag that says why not and `SP2_STATUS_NONE`.
     */
    virtual void handleJoinRoomRequest(std::string_view /*user*/, std::string_view /*room*/,
                                       std::string_view /*nickname*/, std::string_view /*password*/) {}
    virtual void handleLeaveRoomRequest(std::string_view /*user*/, std::string_view /*room*/) {}
    virtual void handleRoomSubjectChangedRequest(std::string_view /*user*/, std::string_view /*room*/,
                                                 std::string_view /*message*/) {}
    virtual void handleVCardRequest(std::string_view /*user*/, std::string_view /*legacyName*/, unsigned /*id*/) {}
    virtual void handleVCardUpdatedRequest(std::string_view /*user*/, std::string_view /*photo*/,
                                           std::string_view /*nickname*/) {}
    virtual void handleRawXML(std::string_view /*xml*/) {}
    /** The answer to `sendQuery`. */
    virtual void handleQueryAnswer(std::string_view /*answer*/) {}
    virtual void handleExitRequest() {}
    /** Anything else: file transfers of older main processes, and types that are not known. */
    virtual void handleOther(const sp2_payload & /*payload*/) {}
    /** A frame that cannot be decoded, and is lost. */
    virtual void handleMalformed(std::string_view /*body*/, const sp2_error & /*error*/) {}
    /** How often handleIdle is called, in milliseconds; 0: never. `run` asks once. */
    virtual uint32_t tick() const { return 0; }
    /** A tick has passed: the place to look after the network, without a thread. */
    virtual void handleIdle() {}

    // What a backend says. `timestamp` is YYYYMMDDThhmmss, `xhtml` is well-formed.

    /** Once, and first of all. */
    void sendConfig(const PluginConfig &config) {
        const std::vector<sp2_str> extraFields = strs(config.extraFields);
        sp2_features features{};
        features.need_password = config.needPassword;
        features.need_registration = config.needRegistration;
        features.muc = config.supportMUC;
        features.raw_xml = config.rawXML;
        features.disable_jid_escaping = config.disableJIDEscaping;
        features.receipts = config.receipts;
        features.send_buddies_on_login = config.sendBuddiesOnLogin;
        features.extra_fields = list(extraFields);
        call(sp2_client_send_features, client_, &features);
    }

    void handleConnected(std::string_view user) {
        sp2_payload payload = of(SP2_TYPE_CONNECTED);
        payload.as.connected.user = str(user);
        send(payload);
    }

    /** 0 (`SP2_CONNECTION_ERROR_NETWORK_ERROR`) makes the main process log in again at once. */
    void handleDisconnected(std::string_view user, int error = 0, std::string_view message = {}) {
        sp2_payload payload = of(SP2_TYPE_DISCONNECTED);
        payload.as.disconnected.user = str(user);
        payload.as.disconnected.error = error;
        payload.as.disconnected.message = str(message);
        send(payload);
    }

    void handleBuddyChanged(std::string_view user, std::string_view buddyName, std::string_view alias,
                            const Strings &groups, int status, std::string_view statusMessage = {},
                            std::string_view iconHash = {}, bool blocked = false) {
        const std::vector<sp2_str> group = strs(groups);
        sp2_payload payload = of(SP2_TYPE_BUDDY_CHANGED);
        sp2_buddy &buddy = payload.as.buddy;
        buddy.user_name = str(user);
        buddy.buddy_name = str(buddyName);
        buddy.alias = str(alias);
        buddy.group = list(group);
        buddy.status = {1, status};
        buddy.status_message = str(statusMessage);
        buddy.icon_hash = str(iconHash);
        buddy.blocked = flag(blocked);
        send(payload);
    }

    void handleBuddyRemoved(std::string_view user, std::string_view buddyName) {
        sendNames(SP2_TYPE_BUDDY_REMOVED, user, buddyName);
    }
    void handleBuddyTyping(std::string_view user, std::string_view buddyName) {
        sendNames(SP2_TYPE_BUDDY_TYPING, user, buddyName);
    }
    void handleBuddyTyped(std::string_view user, std::string_view buddyName) {
        sendNames(SP2_TYPE_BUDDY_TYPED, user, buddyName);
    }
    void handleBuddyStoppedTyping(std::string_view user, std::string_view buddyName) {
        sendNames(SP2_TYPE_BUDDY_STOPPED_TYPING, user, buddyName);
    }
    /** The contact asks to be added; answered by handleBuddyUpdatedRequest or handleBuddyRemovedRequest. */
    void handleAuthorization(std::string_view user, std::string_view buddyName) {
        sendNames(SP2_TYPE_AUTH_REQUEST, user, buddyName);
    }

    void handleMessage(std::string_view user, std::string_view legacyName, std::string_view message,
                       std::string_view nickname = {}, std::string_view xhtml = {}, std::string_view timestamp = {},
                       bool headline = false, bool pm = false, bool carbon = false,
                       const std::vector<Attachment> &attachments = {}) {
        std::vector<sp2_attachment> items;
        for (const Attachment &attachment : attachments)
            items.push_back({str(attachment.url), str(attachment.mimeType), str(attachment.description)});
        sp2_payload payload = conversation(SP2_TYPE_CONV_MESSAGE, user, legacyName, message);
        sp2_conversation_message &sent = payload.as.conversation_message;
        sent.nickname = str(nickname);
        sent.xhtml = str(xhtml);
        sent.timestamp = str(timestamp);
        sent.headline = flag(headline);
        sent.pm = flag(pm);
        sent.carbon = flag(carbon);
        sent.attachment.items = items.data();
        sent.attachment.count = items.size();
        send(payload);
    }

    void handleMessageAck(std::string_view user, std::string_view legacyName, std::string_view id) {
        sp2_payload payload = conversation(SP2_TYPE_CONV_MESSAGE_ACK, user, legacyName, {});
        payload.as.conversation_message.id = str(id);
        send(payload);
    }

    void handleAttention(std::string_view user, std::string_view buddyName, std::string_view message) {
        send(conversation(SP2_TYPE_ATTENTION, user, buddyName, message));
    }

    void handleSubject(std::string_view user, std::string_view legacyName, std::string_view message,
                       std::string_view nickname = {}) {
        sp2_payload payload = conversation(SP2_TYPE_ROOM_SUBJECT_CHANGED, user, legacyName, message);
        payload.as.conversation_message.nickname = str(nickname);
        send(payload);
    }

    /** `SP2_STATUS_NONE`, the default, says that the participant left, or that the user could not join. */
    void handleParticipantChanged(std::string_view user, std::string_view nickname, std::string_view room, int flags,
                                  int status = SP2_STATUS_NONE, std::string_view statusMessage = {},
                                  std::string_view newname = {}, std::string_view alias = {},
                                  std::string_view iconHash = {}) {
        sp2_payload payload = of(SP2_TYPE_PARTICIPANT_CHANGED);
        sp2_participant &participant = payload.as.participant;
        participant.user_name = str(user);
        participant.room = str(room);
        participant.nickname = str(nickname);
        participant.flag = flags;
        participant.status = status;
        participant.status_message = str(statusMessage);
        participant.new_name = str(newname);
        participant.icon_hash = str(iconHash);
        participant.alias = str(alias);
        send(payload);
    }

    void handleRoomNicknameChanged(std::string_view user, std::string_view room, std::string_view nickname) {
        sp2_payload payload = of(SP2_TYPE_ROOM_NICKNAME_CHANGED);
        payload.as.room.user_name = str(user);
        payload.as.room.nickname = str(nickname);
        payload.as.room.room = str(room);
        payload.as.room.password = str("");
        send(payload);
    }

    /** Rooms, and what people call them, in the same order; of everybody when `user` is absent. */
    void handleRoomList(std::string_view user, const Strings &rooms, const Strings &names) {
        const std::vector<sp2_str> room = strs(rooms);
        const std::vector<sp2_str> name = strs(names);
        sp2_payload payload = of(SP2_TYPE_ROOM_LIST);
        payload.as.room_list.room = list(room);
        payload.as.room_list.name = list(name);
        payload.as.room_list.user = str(user);
        send(payload);
    }

    /** The answer to a request, with the same `id`. */
    void handleVCard(std::string_view user, unsigned id, std::string_view legacyName, std::string_view fullName,
                     std::string_view nickname, std::string_view photo) {
        sp2_payload payload = of(SP2_TYPE_VCARD);
        sp2_vcard &card = payload.as.vcard;
        card.user_name = str(user);
        card.buddy_name = str(legacyName);
        card.id = static_cast<int32_t>(id);
        card.fullname = str(fullName);
        card.nickname = str(nickname);
        card.photo = bytes(photo);
        send(payload);
    }

    void sendRawXML(std::string_view xml) {
        sp2_payload payload = of(SP2_TYPE_RAW_XML);
        payload.as.raw_xml = str(xml);
        send(payload);
    }

    /** An admin query, such as `status`, answered by handleQueryAnswer. */
    void sendQuery(std::string_view query) {
        sp2_payload payload = of(SP2_TYPE_QUERY);
        payload.as.backend_config.config = str(query);
        send(payload);
    }

    /** Any payload. */
    void send(const sp2_payload &payload) { call(sp2_client_send, client_, &payload); }

private:
    static sp2_payload of(int32_t type) {
        sp2_payload payload{};
        payload.type = type;
        return payload;
    }

    static sp2_opt_bool flag(bool set) { return {set, set}; }

    static std::vector<sp2_str> strs(const Strings &strings) {
        std::vector<sp2_str> result;
        for (std::string_view string : strings)
            result.push_back(str(string));
        return result;
    }

    static sp2_str_list list(const std::vector<sp2_str> &strings) {
        sp2_str_list result{};
        result.items = strings.data();
        result.count = strings.size();
        return result;
    }

    static Strings views(const sp2_str_list &strings) {
        return {detail::StrIterator(strings), detail::StrIterator()};
    }

    static sp2_payload conversation(int32_t type, std::string_view user, std::string_view legacyName,
                                    std::string_view message) {
        sp2_payload payload = of(type);
        payload.as.conversation_message.user_name = str(user);
        payload.as.conversation_message.buddy_name = str(legacyName);
        payload.as.conversation_message.message = str(message);
        return payload;
    }

    void sendNames(int32_t type, std::string_view user, std::string_view buddyName) {
        sp2_payload payload = of(type);
        payload.as.buddy.user_name = str(user);
        payload.as.buddy.buddy_name = str(buddyName);
        send(payload);
    }

    /** Calls a method for a callback; what it throws is kept, as it must not go through C. */
    template <typename Method>
    static int32_t handle(void *user, Method method) noexcept {
        Backend &self = *static_cast<Backend *>(user);
        try {
            method(self);
            return 0;
        } catch (...) {
            self.failure_ = std::current_exception();
            return 1;
        }
    }

    static Settings settingsOf(const sp2_login &login) {
        Settings settings;
        for (detail::MapIterator entry(login.settings.value.value); entry != detail::MapIterator(); ++entry)
            settings[(*entry).first] = (*entry).second;
        return settings;
    }

    static sp2_backend callbacks() {
        sp2_backend table{};
        table.start = [](sp2_client *, void *user) {
            return handle(user, [](Backend &self) { self.handleStart(); });
        };
        table.login = [](sp2_client *, const sp2_login *login, void *user) {
            return handle(user, [login](Backend &self) { self.handleLogin(*login); });
        };
        table.logout = [](sp2_client *, const sp2_logout *logout, void *user) {
            return handle(user, [logout](Backend &self) {
                self.handleLogoutRequest(view(logout->user), view(logout->legacy_name));
            });
        };
        table.message = [](sp2_client *, const sp2_conversation_message *message, void *user) {
            return handle(user, [message](Backend &self) {
                self.handleMessageSendRequest(view(message->user_name), view(message->buddy_name),
                                              view(message->message), view(message->xhtml), view(message->id));
            });
        };
        table.status_changed = [](sp2_client *, const sp2_status *status, void *user) {
            return handle(user, [status](Backend &self) {
                self.handleStatusChangeRequest(view(status->user_name), status->status, view(status->status_message));
            });
        };
        table.buddies = [](sp2_client *, const sp2_buddies *buddies, void *user) {
            return handle(user, [buddies](Backend &self) { self.handleBuddies(*buddies); });
        };
        table.buddy_changed = [](sp2_client *, const sp2_buddy *buddy, void *user) {
            return handle(user, [buddy](Backend &self) {
                self.handleBuddyUpdatedRequest(view(buddy->user_name), view(buddy->buddy_name), view(buddy->alias),
                                               views(buddy->group));
            });
        };
        table.buddy_block_toggled = [](sp2_client *, const sp2_buddy *buddy, void *user) {
            return handle(user, [buddy](Backend &self) {
                self.handleBuddyBlockToggled(view(buddy->user_name), view(buddy->buddy_name),
                                             buddy->blocked.value != 0);
            });
        };
        table.buddy_removed = [](sp2_client *, const sp2_buddy *buddy, void *user) {
            return handle(user, [buddy](Backend &self) {
                self.handleBuddyRemovedRequest(view(buddy->user_name), view(buddy->buddy_name), views(buddy->group));
            });
        };
        table.buddy_typing = [](sp2_client *, const sp2_buddy *buddy, void *user) {
            return handle(user, [buddy](Backend &self) {
                self.handleTypingRequest(view(buddy->user_name), view(buddy->buddy_name));
            });
        };
        table.buddy_typed = [](sp2_client *, const sp2_buddy *buddy, void *user) {
            return handle(user, [buddy](Backend &self) {
                self.handleTypedRequest(view(buddy->user_name), view(buddy->buddy_name));
            });
        };
        table.buddy_stopped_typing = [](sp2_client *, const sp2_buddy *buddy, void *user) {
            return handle(user, [buddy](Backend &self) {
                self.handleStoppedTypingRequest(view(buddy->user_name), view(buddy->buddy_name));
            });
        };
        table.attention = [](sp2_client *, const sp2_conversation_message *message, void *user) {
            return handle(user, [message](Backend &self) {
                self.handleAttentionRequest(view(message->user_name), view(message->buddy_name),
                                            view(message->message));
            });
        };
        table.join_room = [](sp2_client *, const sp2_room *room, void *user) {
            return handle(user, [room](Backend &self) {
                self.handleJoinRoomRequest(view(room->user_name), view(room->room), view(room->nickname),
                                           view(room->password));
            });
        };
        table.leave_room = [](sp2_client *, const sp2_room *room, void *user) {
            return handle(user, [room](Backend &self) {
                self.handleLeaveRoomRequest(view(room->user_name), view(room->room));
            });
        };
        table.room_subject_changed = [](sp2_client *, const sp2_conversation_message *subject, void *user) {
            return handle(user, [subject](Backend &self) {
                self.handleRoomSubjectChangedRequest(view(subject->user_name), view(subject->buddy_name),
                                                     view(subject->message));
            });
        };
        table.vcard_requested = [](sp2_client *, const sp2_vcard *card, void *user) {
            return handle(user, [card](Backend &self) {
                self.handleVCardRequest(view(card->user_name), view(card->buddy_name),
                                        static_cast<unsigned>(card->id));
            });
        };
        table.vcard_updated = [](sp2_client *, const sp2_vcard *card, void *user) {
            return handle(user, [card](Backend &self) {
                self.handleVCardUpdatedRequest(view(card->user_name), view(card->photo), view(card->nickname));
            });
        };
        table.raw_xml = [](sp2_client *, const sp2_str *xml, void *user) {
            return handle(user, [xml](Backend &self) { self.handleRawXML(view(*xml)); });
        };
        table.query_answer = [](sp2_client *, const sp2_backend_config *answer, void *user) {
            return handle(user, [answer](Backend &self) { self.handleQueryAnswer(view(answer->config)); });
        };
        table.exit = [](sp2_client *, void *user) {
            return handle(user, [](Backend &self) { self.handleExitRequest(); });
        };
        table.other = [](sp2_client *, const sp2_payload *payload, void *user) {
            return handle(user, [payload](Backend &self) { self.handleOther(*payload); });
        };
        table.malformed = [](sp2_client *, const sp2_bytes *body, const sp2_error *error, void *user) {
            return handle(user, [body, error](Backend &self) { self.handleMalformed(view(*body), *error); });
        };
        table.idle = [](sp2_client *, void *user) {
            return handle(user, [](Backend &self) { self.handleIdle(); });
        };
        return table;
    }

    sp2_client *client_ = nullptr;
    std::exception_ptr failure_;
};

/** The codec of msncd, for programs with connections of their own. */
namespace msncd {

/** Encodes a command to the end of `commands`: a string, or a vector of bytes. */
template <typename Container>
void encode(const sp2_msncd_command &command, Container &commands) {
    detail::append(sp2_msncd_encoded_len, sp2_msncd_encode, command, commands);
}

/**
 * Splits the first answer to a command of a type off `received`, of a poll one event; nothing when there
 * is only a part of it.
 */
inline std::optional<std::string_view> split(std::string_view &received, int32_t commandType) {
    sp2_bytes answer;
    sp2_error error;
    switch (sp2_msncd_split(bytes(received).ptr, received.size(), commandType, &answer, &error)) {
    case SP2_OK:
        received.remove_prefix(answer.len);
        return view(answer);
    case SP2_INCOMPLETE:
        return std::nullopt;
    default:
        throw Error(error);
    }
}

/** Decodes an answer, which its lines then point into. A refusal is an Error with SP2_REFUSED. */
inline sp2_msncd_lines decodeAnswer(std::string_view answer, int32_t commandType) {
    sp2_msncd_lines lines{};
    call(sp2_msncd_answer_decode, bytes(answer).ptr, answer.size(), commandType, &lines);
    return lines;
}

/** Decodes an event, which then points into `event`. */
inline sp2_msncd_event decodeEvent(std::string_view event) {
    sp2_msncd_event decoded{};
    call(sp2_msncd_event_decode, bytes(event).ptr, event.size(), &decoded);
    return decoded;
}

/** What a contact is called. */
inline std::string decodeNick(const sp2_msncd_contact_line &contact) {
    std::string nick(contact.encoded_nick.len, '\0');
    size_t length = 0;
    call(sp2_msncd_nick_decode, contact.encoded_nick, nick.data(), nick.size(), &length);
    nick.resize(length);
    return nick;
}

}  // namespace msncd

/**
 * A connection to a daemon of msncd. Each method waits for the answer; a refusal is an Error with
 * SP2_REFUSED. What is returned lives until the next call. `user` is an email, or a nick.
 */
class Msncd {
public:
    Msncd(std::string_view host, uint16_t port) {
        sp2_msncd *client = nullptr;
        call(sp2_msncd_connect_to, str(host), port, &client);
        client_.reset(client);
    }

    /** Over a connected socket, which is closed at the end. */
    explicit Msncd(int descriptor) {
        sp2_msncd *client = nullptr;
        call(sp2_msncd_over, descriptor, &client);
        client_.reset(client);
    }

    /** How long each call may take from now on; 0 is for ever. */
    void setTimeout(uint32_t milliseconds) { call(sp2_msncd_set_timeout, get(), milliseconds); }

    void login(std::string_view email, std::string_view password) {
        sp2_msncd_command command = of(SP2_MSNCD_LOGIN);
        command.email = str(email);
        command.password = str(password);
        execute(command);
    }

    void logoff() { execute(of(SP2_MSNCD_LOGOFF)); }

    void setStatus(std::string_view status) {
        sp2_msncd_command command = of(SP2_MSNCD_STATUS);
        command.status = str(status);
        execute(command);
    }

    void setNick(std::string_view nick) {
        sp2_msncd_command command = of(SP2_MSNCD_NICK);
        command.nick = str(nick);
        execute(command);
    }

    void setPrivacy(bool isPublic, bool ask) {
        sp2_msncd_command command = of(SP2_MSNCD_PRIVACY);
        command.is_public = isPublic;
        command.ask = ask;
        execute(command);
    }

    void add(std::string_view nick, std::string_view email) {
        sp2_msncd_command command = of(SP2_MSNCD_ADD);
        command.nick = str(nick);
        command.email = str(email);
        execute(command);
    }

    void remove(std::string_view user) { execute(to(SP2_MSNCD_DELETE, user)); }
    void typing(std::string_view user) { execute(to(SP2_MSNCD_TYPING, user)); }

    void sendMessage(std::string_view user, std::string_view text) {
        sp2_msncd_command command = to(SP2_MSNCD_SEND_MESSAGE, user);
        command.text = str(text);
        execute(command);
    }

    void execute(const sp2_msncd_command &command) { call(sp2_msncd_execute, get(), &command); }
    void finish() { call(sp2_msncd_finish, get()); }

    sp2_msncd_contact_list contacts() { return contacts(0); }
    sp2_msncd_contact_list reverseContacts() { return contacts(1); }

    sp2_map info(std::string_view user) {
        sp2_map attributes{};
        call(sp2_msncd_info, get(), str(user), &attributes);
        return attributes;
    }

    /** The next event of a poll; nothing at its end, and the next call starts another one. */
    std::optional<sp2_msncd_event> poll() {
        sp2_msncd_event event{};
        call(sp2_msncd_poll, get(), &event);
        return event.type == SP2_MSNCD_EVENT_END ? std::nullopt : std::make_optional(event);
    }

    sp2_msncd *get() const noexcept { return client_.get(); }

private:
    static sp2_msncd_command of(int32_t type) {
        sp2_msncd_command command{};
        command.type = type;
        return command;
    }

    static sp2_msncd_command to(int32_t type, std::string_view user) {
        sp2_msncd_command command = of(type);
        command.user = str(user);
        return command;
    }

    sp2_msncd_contact_list contacts(int32_t reverse) {
        sp2_msncd_contact_list list{};
        call(sp2_msncd_contacts, get(), reverse, &list);
        return list;
    }

    std::unique_ptr<sp2_msncd, detail::Free> client_;
};

}  // namespace spectrum2

// `for` looks for these where the lists are declared.

inline spectrum2::detail::StrIterator begin(const sp2_str_list &list) { return spectrum2::detail::StrIterator(list); }
inline spectrum2::detail::StrIterator end(const sp2_str_list &) { return {}; }
inline spectrum2::detail::MapIterator begin(const sp2_map &map) { return spectrum2::detail::MapIterator(map); }
inline spectrum2::detail::MapIterator end(const sp2_map &) { return {}; }
inline spectrum2::detail::AttachmentIterator begin(const sp2_attachment_list &list) {
    return spectrum2::detail::AttachmentIterator(list);
}
inline spectrum2::detail::AttachmentIterator end(const sp2_attachment_list &) { return {}; }
inline spectrum2::detail::BuddyIterator begin(const sp2_buddy_list &list) {
    return spectrum2::detail::BuddyIterator(list);
}
inline spectrum2::detail::BuddyIterator end(const sp2_buddy_list &) { return {}; }
inline const sp2_msncd_contact *begin(const sp2_msncd_contact_list &list) { return list.items; }
inline const sp2_msncd_contact *end(const sp2_msncd_contact_list &list) { return list.items + list.count; }

#endif  // SPECTRUM2_HPP
