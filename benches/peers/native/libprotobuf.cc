// Google's library for C++, in two ways: as Spectrum's plugin library uses it, and with objects and
// buffers that are used again.
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "peers.h"
#include "protocol.pb.h"

namespace {

using pbnetwork::WrapperMessage;

template <class Sink> void show_text(Sink &sink, uint32_t number, const std::string &text) {
    sink.text(number, text.data(), text.size());
}

template <class Sink> void show(const pbnetwork::Connected &m, uint32_t number, Sink &sink) {
    sink.begin(number);
    show_text(sink, 1, m.user());
    sink.end();
}

template <class Sink> void show(const pbnetwork::Login &m, uint32_t number, Sink &sink) {
    sink.begin(number);
    show_text(sink, 1, m.user());
    show_text(sink, 2, m.legacyname());
    show_text(sink, 3, m.password());
    for (const std::string &field : m.extrafields()) show_text(sink, 4, field);
    if (m.has_settings()) {
        sink.begin(5);
        for (const auto &[key, value] : m.settings().value()) {
            sink.entry(key.data(), key.size(), value.data(), value.size());
        }
        sink.end();
    }
    sink.end();
}

template <class Sink> void show(const pbnetwork::Buddy &m, uint32_t number, Sink &sink) {
    sink.begin(number);
    show_text(sink, 1, m.username());
    show_text(sink, 2, m.buddyname());
    if (m.has_alias()) show_text(sink, 3, m.alias());
    for (const std::string &group : m.group()) show_text(sink, 4, group);
    if (m.has_status()) sink.number(5, m.status());
    if (m.has_statusmessage()) show_text(sink, 6, m.statusmessage());
    if (m.has_iconhash()) show_text(sink, 7, m.iconhash());
    if (m.has_blocked()) sink.number(8, m.blocked());
    sink.end();
}

template <class Sink> void show(const pbnetwork::Buddies &m, uint32_t number, Sink &sink) {
    sink.begin(number);
    for (const pbnetwork::Buddy &buddy : m.buddy()) show(buddy, 1, sink);
    sink.end();
}

template <class Sink> void show(const pbnetwork::Attachment &m, uint32_t number, Sink &sink) {
    sink.begin(number);
    show_text(sink, 1, m.url());
    if (m.has_mimetype()) show_text(sink, 2, m.mimetype());
    if (m.has_description()) show_text(sink, 3, m.description());
    sink.end();
}

template <class Sink> void show(const pbnetwork::ConversationMessage &m, uint32_t number, Sink &sink) {
    sink.begin(number);
    show_text(sink, 1, m.username());
    show_text(sink, 2, m.buddyname());
    show_text(sink, 3, m.message());
    if (m.has_nickname()) show_text(sink, 4, m.nickname());
    if (m.has_xhtml()) show_text(sink, 5, m.xhtml());
    if (m.has_timestamp()) show_text(sink, 6, m.timestamp());
    if (m.has_headline()) sink.number(7, m.headline());
    if (m.has_id()) show_text(sink, 8, m.id());
    if (m.has_pm()) sink.number(9, m.pm());
    if (m.has_carbon()) sink.number(10, m.carbon());
    for (const pbnetwork::Attachment &attachment : m.attachment()) show(attachment, 11, sink);
    sink.end();
}

template <class Sink> void show(const pbnetwork::Participant &m, uint32_t number, Sink &sink) {
    sink.begin(number);
    show_text(sink, 1, m.username());
    show_text(sink, 2, m.room());
    show_text(sink, 3, m.nickname());
    sink.number(4, m.flag());
    sink.number(5, m.status());
    if (m.has_statusmessage()) show_text(sink, 6, m.statusmessage());
    if (m.has_newname()) show_text(sink, 7, m.newname());
    if (m.has_iconhash()) show_text(sink, 8, m.iconhash());
    if (m.has_alias()) show_text(sink, 9, m.alias());
    sink.end();
}

template <class Sink> void show(const pbnetwork::VCard &m, uint32_t number, Sink &sink) {
    sink.begin(number);
    show_text(sink, 1, m.username());
    show_text(sink, 2, m.buddyname());
    sink.number(3, m.id());
    if (m.has_fullname()) show_text(sink, 4, m.fullname());
    if (m.has_nickname()) show_text(sink, 5, m.nickname());
    if (m.has_photo()) show_text(sink, 6, m.photo());
    sink.end();
}

// Filling a message whose fields are empty.

void fill(const Plain &plain, pbnetwork::Connected &m) { m.set_user(plain.text[1].data, plain.text[1].length); }

void fill(const Plain &plain, pbnetwork::Login &m) {
    m.set_user(plain.text[1].data, plain.text[1].length);
    m.set_legacyname(plain.text[2].data, plain.text[2].length);
    m.set_password(plain.text[3].data, plain.text[3].length);
    auto &settings = *m.mutable_settings()->mutable_value();
    for (size_t i = 0; i < plain.list_length; i += 2) {
        const Span &key = plain.list[i], &value = plain.list[i + 1];
        settings[std::string(key.data, key.length)].assign(value.data, value.length);
    }
}

void fill(const Plain &plain, pbnetwork::Buddy &m) {
    m.set_username(plain.text[1].data, plain.text[1].length);
    m.set_buddyname(plain.text[2].data, plain.text[2].length);
    if (plain.has_text(3)) m.set_alias(plain.text[3].data, plain.text[3].length);
    for (size_t i = 0; i < plain.list_length; i++) m.add_group(plain.list[i].data, plain.list[i].length);
    if (plain.has_number(5)) m.set_status(static_cast<pbnetwork::StatusType>(plain.number[5]));
    if (plain.has_text(6)) m.set_statusmessage(plain.text[6].data, plain.text[6].length);
    if (plain.has_text(7)) m.set_iconhash(plain.text[7].data, plain.text[7].length);
    if (plain.has_number(8)) m.set_blocked(plain.number[8]);
}

void fill(const Plain &plain, pbnetwork::Buddies &m) {
    for (size_t i = 0; i < plain.children_length; i++) fill(plain.children[i], *m.add_buddy());
}

void fill(const Plain &plain, pbnetwork::Attachment &m) {
    m.set_url(plain.text[1].data, plain.text[1].length);
    if (plain.has_text(2)) m.set_mimetype(plain.text[2].data, plain.text[2].length);
    if (plain.has_text(3)) m.set_description(plain.text[3].data, plain.text[3].length);
}

void fill(const Plain &plain, pbnetwork::ConversationMessage &m) {
    m.set_username(plain.text[1].data, plain.text[1].length);
    m.set_buddyname(plain.text[2].data, plain.text[2].length);
    m.set_message(plain.text[3].data, plain.text[3].length);
    if (plain.has_text(4)) m.set_nickname(plain.text[4].data, plain.text[4].length);
    if (plain.has_text(5)) m.set_xhtml(plain.text[5].data, plain.text[5].length);
    if (plain.has_text(6)) m.set_timestamp(plain.text[6].data, plain.text[6].length);
    if (plain.has_number(7)) m.set_headline(plain.number[7]);
    if (plain.has_text(8)) m.set_id(plain.text[8].data, plain.text[8].length);
    if (plain.has_number(9)) m.set_pm(plain.number[9]);
    if (plain.has_number(10)) m.set_carbon(plain.number[10]);
    for (size_t i = 0; i < plain.children_length; i++) fill(plain.children[i], *m.add_attachment());
}

void fill(const Plain &plain, pbnetwork::Participant &m) {
    m.set_username(plain.text[1].data, plain.text[1].length);
    m.set_room(plain.text[2].data, plain.text[2].length);
    m.set_nickname(plain.text[3].data, plain.text[3].length);
    m.set_flag(static_cast<int32_t>(plain.number[4]));
    m.set_status(static_cast<pbnetwork::StatusType>(plain.number[5]));
    if (plain.has_text(6)) m.set_statusmessage(plain.text[6].data, plain.text[6].length);
    if (plain.has_text(7)) m.set_newname(plain.text[7].data, plain.text[7].length);
    if (plain.has_text(8)) m.set_iconhash(plain.text[8].data, plain.text[8].length);
    if (plain.has_text(9)) m.set_alias(plain.text[9].data, plain.text[9].length);
}

void fill(const Plain &plain, pbnetwork::VCard &m) {
    m.set_username(plain.text[1].data, plain.text[1].length);
    m.set_buddyname(plain.text[2].data, plain.text[2].length);
    m.set_id(static_cast<int32_t>(plain.number[3]));
    if (plain.has_text(4)) m.set_fullname(plain.text[4].data, plain.text[4].length);
    if (plain.has_text(5)) m.set_nickname(plain.text[5].data, plain.text[5].length);
    if (plain.has_text(6)) m.set_photo(plain.text[6].data, plain.text[6].length);
}

// One object of each message.
struct Objects {
    pbnetwork::Connected connected;
    pbnetwork::Login login;
    pbnetwork::Buddy buddy;
    pbnetwork::ConversationMessage conversation;
    pbnetwork::Participant participant;
    pbnetwork::VCard card;
    pbnetwork::Buddies buddies;
};

// Calls `visit` with the object of a type, or not at all where the type has no payload.
template <class Visit> void with_object(Objects &objects, int type, Visit visit) {
    switch (type) {
    case WrapperMessage::TYPE_PING: return;
    case WrapperMessage::TYPE_CONNECTED: return visit(objects.connected);
    case WrapperMessage::TYPE_LOGIN: return visit(objects.login);
    case WrapperMessage::TYPE_BUDDY_CHANGED:
    case WrapperMessage::TYPE_BUDDY_TYPING: return visit(objects.buddy);
    case WrapperMessage::TYPE_CONV_MESSAGE: return visit(objects.conversation);
    case WrapperMessage::TYPE_PARTICIPANT_CHANGED: return visit(objects.participant);
    case WrapperMessage::TYPE_VCARD: return visit(objects.card);
    case WrapperMessage::TYPE_BUDDIES: return visit(objects.buddies);
    default: throw std::logic_error("no workload has this type");
    }
}

// The same with a new object.
template <class Visit> void with_new(int type, Visit visit) {
    switch (type) {
    case WrapperMessage::TYPE_PING: return;
    case WrapperMessage::TYPE_CONNECTED: return visit(pbnetwork::Connected());
    case WrapperMessage::TYPE_LOGIN: return visit(pbnetwork::Login());
    case WrapperMessage::TYPE_BUDDY_CHANGED:
    case WrapperMessage::TYPE_BUDDY_TYPING: return visit(pbnetwork::Buddy());
    case WrapperMessage::TYPE_CONV_MESSAGE: return visit(pbnetwork::ConversationMessage());
    case WrapperMessage::TYPE_PARTICIPANT_CHANGED: return visit(pbnetwork::Participant());
    case WrapperMessage::TYPE_VCARD: return visit(pbnetwork::VCard());
    case WrapperMessage::TYPE_BUDDIES: return visit(pbnetwork::Buddies());
    default: throw std::logic_error("no workload has this type");
    }
}

template <class Sink> void show_nothing(int type, Sink &sink) {
    sink.begin(type);
    sink.end();
}

void expect(bool parsed) {
    if (!parsed) throw std::logic_error("the message is well-formed");
}

// A message that is ready to be encoded.
struct Ready {
    int type;
    std::unique_ptr<google::protobuf::MessageLite> message;
};

std::vector<Ready> make_ready(const Plain *messages, size_t count) {
    std::vector<Ready> ready;
    for (size_t i = 0; i < count; i++) {
        ready.push_back({messages[i].type, nullptr});
        with_new(messages[i].type, [&](auto &&message) {
            fill(messages[i], message);
            ready.back().message.reset(message.New());
            ready.back().message->CheckTypeAndMergeFrom(message);
        });
    }
    return ready;
}

// A payload serialized to a string, that in a wrapper to another one, and that behind the header.
class Plugin : public Codec {
public:
    void decode(Span stream, Touch &touch) override { read(stream, touch); }
    void record(Span stream, Record &record) override { read(stream, record); }
    void prepare(const Plain *messages, size_t count) override { ready = make_ready(messages, count); }

    Span encode() override {
        output.clear();
        for (const Ready &one : ready) {
            std::string payload;
            if (one.message) one.message->SerializeToString(&payload);
            send(wrap(one.type, payload, one.message != nullptr));
        }
        return {output.data(), output.size()};
    }

    Span build(const Plain *messages, size_t count) override {
        output.clear();
        for (size_t i = 0; i < count; i++) {
            std::string payload;
            bool has_payload = false;
            with_new(messages[i].type, [&](auto &&message) {
                fill(messages[i], message);
                message.SerializeToString(&payload);
                has_payload = true;
            });
            send(wrap(messages[i].type, payload, has_payload));
        }
        return {output.data(), output.size()};
    }

private:
    static constexpr size_t read_size = 64 << 10;

    // What came from the socket and is not yet used up.
    std::string received;
    std::vector<Ready> ready;
    // Stands for the socket.
    std::string output;

    template <class Sink> void read(Span stream, Sink &sink) {
        for (size_t at = 0; at < stream.length; at += read_size) {
            std::string data(stream.data + at, std::min(read_size, stream.length - at));
            received += data;
            while (read_frame(sink)) {
            }
        }
    }

    template <class Sink> bool read_frame(Sink &sink) {
        if (received.size() < 4) return false;
        size_t length = read_header(received.data());
        if (received.size() - 4 < length) return false;
        WrapperMessage wrapper;
        expect(wrapper.ParseFromArray(received.data() + 4, static_cast<int>(length)));
        received.erase(received.begin(), received.begin() + 4 + length);
        if (!wrapper.has_payload()) show_nothing(wrapper.type(), sink);
        with_new(wrapper.type(), [&](auto &&message) {
            expect(message.ParseFromString(wrapper.payload()));
            show(message, wrapper.type(), sink);
        });
        return true;
    }

    static std::string wrap(int type, const std::string &payload, bool has_payload) {
        WrapperMessage wrapper;
        wrapper.set_type(static_cast<WrapperMessage::Type>(type));
        if (has_payload) wrapper.set_payload(payload);
        std::string body;
        wrapper.SerializeToString(&body);
        return body;
    }

    void send(const std::string &body) {
        char header[4];
        write_header(header, static_cast<uint32_t>(body.size()));
        output += std::string(header, 4) + body;
    }
};

// Every object and every buffer is used again.
class Reused : public Codec {
public:
    void decode(Span stream, Touch &touch) override { read(stream, touch); }
    void record(Span stream, Record &record) override { read(stream, record); }
    void prepare(const Plain *messages, size_t count) override { ready = make_ready(messages, count); }

    Span encode() override {
        length = 0;
        for (const Ready &one : ready) write(one.type, one.message.get());
        return {output.data(), length};
    }

    Span build(const Plain *messages, size_t count) override {
        length = 0;
        for (size_t i = 0; i < count; i++) {
            if (messages[i].type == WrapperMessage::TYPE_PING) write(messages[i].type, nullptr);
            with_object(objects, messages[i].type, [&](auto &message) {
                message.Clear();
                fill(messages[i], message);
                write(messages[i].type, &message);
            });
        }
        return {output.data(), length};
    }

private:
    WrapperMessage wrapper;
    Objects objects;
    std::vector<Ready> ready;
    std::vector<char> output;
    size_t length = 0;

    template <class Sink> void read(Span stream, Sink &sink) {
        const char *at = stream.data, *end = stream.data + stream.length;
        while (at != end) {
            uint32_t body = read_header(at);
            expect(wrapper.ParseFromArray(at + 4, static_cast<int>(body)));
            at += 4 + body;
            if (!wrapper.has_payload()) show_nothing(wrapper.type(), sink);
            with_object(objects, wrapper.type(), [&](auto &message) {
                expect(message.ParseFromString(wrapper.payload()));
                show(message, wrapper.type(), sink);
            });
        }
    }

    void write(int type, const google::protobuf::MessageLite *message) {
        wrapper.set_type(static_cast<WrapperMessage::Type>(type));
        if (message) {
            message->SerializeToString(wrapper.mutable_payload());
        } else {
            wrapper.clear_payload();
        }
        size_t body = wrapper.ByteSizeLong();
        if (output.size() < length + 4 + body) output.resize(2 * (length + 4 + body));
        write_header(&output[length], static_cast<uint32_t>(body));
        wrapper.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t *>(&output[length + 4]));
        length += 4 + body;
    }
};

} // namespace

// The check sends malformed messages on purpose: no need to log them.

extern "C" Codec *libprotobuf_plugin() {
    google::protobuf::SetLogHandler(nullptr);
    return new Plugin;
}

extern "C" Codec *libprotobuf_reused() {
    google::protobuf::SetLogHandler(nullptr);
    return new Reused;
}
