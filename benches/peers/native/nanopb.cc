// nanopb with callbacks, as its documentation has it for fields without a fixed maximum: strings are
// copied to a buffer that is used again, payloads are decoded and encoded in place.
#include <memory>
#include <stdexcept>
#include <variant>
#include <vector>

#include <pb_decode.h>
#include <pb_encode.h>

#include "peers.h"
#include "protocol.pb.h"

namespace {

void expect(bool done) {
    if (!done) throw std::logic_error("the message is well-formed");
}

// Where the strings of one frame are copied to.
class Arena {
public:
    void clear(size_t enough) {
        if (buffer.size() < enough) buffer.resize(enough);
        used = 0;
    }

    bool read(pb_istream_t *stream, Span &text) {
        size_t length = stream->bytes_left;
        text = {buffer.data() + used, length};
        used += length;
        return pb_read(stream, reinterpret_cast<pb_byte_t *>(const_cast<char *>(text.data)), length);
    }

private:
    std::vector<char> buffer;
    size_t used = 0;
};

struct Attachment {
    Span text[4];
};

struct Contact {
    pbnetwork_Buddy message;
    Span text[8];
    size_t groups_end;
};

// What callbacks fill; used again for every frame.
struct Decoded {
    Arena arena;
    Span text[12];
    std::vector<Span> list;
    std::vector<Attachment> attachments;
    std::vector<Contact> contacts;

    void clear(size_t body) {
        arena.clear(body + 1);
        for (Span &span : text) span = {nullptr, 0};
        list.clear();
        attachments.clear();
        contacts.clear();
    }
};

// A callback's argument is a `Span` here, so the arena has to be found otherwise.
thread_local Decoded *current;

bool read_text(pb_istream_t *stream, const pb_field_t *, void **argument) {
    return current->arena.read(stream, *static_cast<Span *>(*argument));
}

bool read_element(pb_istream_t *stream, const pb_field_t *, void **) {
    current->list.emplace_back();
    return current->arena.read(stream, current->list.back());
}

pb_callback_t into(Span &text) {
    pb_callback_t callback = {};
    callback.funcs.decode = read_text;
    callback.arg = &text;
    return callback;
}

pb_callback_t decode_by(bool (*function)(pb_istream_t *, const pb_field_t *, void **)) {
    pb_callback_t callback = {};
    callback.funcs.decode = function;
    return callback;
}

bool read_setting(pb_istream_t *stream, const pb_field_t *, void **) {
    Span key = {"", 0}, value = {"", 0};
    pbnetwork_Login_UserSettings_ValueEntry entry = {into(key), into(value)};
    if (!pb_decode(stream, pbnetwork_Login_UserSettings_ValueEntry_fields, &entry)) return false;
    current->list.push_back(key);
    current->list.push_back(value);
    return true;
}

bool read_attachment(pb_istream_t *stream, const pb_field_t *, void **) {
    Attachment &attachment = current->attachments.emplace_back(Attachment{});
    pbnetwork_Attachment message = {};
    message.url = into(attachment.text[1]);
    message.mimeType = into(attachment.text[2]);
    message.description = into(attachment.text[3]);
    return pb_decode(stream, pbnetwork_Attachment_fields, &message);
}

void prepare_buddy(pbnetwork_Buddy &message, Span *text) {
    message.userName = into(text[1]);
    message.buddyName = into(text[2]);
    message.alias = into(text[3]);
    message.group = decode_by(read_element);
    message.statusMessage = into(text[6]);
    message.iconHash = into(text[7]);
}

bool read_contact(pb_istream_t *stream, const pb_field_t *, void **) {
    Contact &contact = current->contacts.emplace_back(Contact{});
    prepare_buddy(contact.message, contact.text);
    bool done = pb_decode(stream, pbnetwork_Buddy_fields, &contact.message);
    contact.groups_end = current->list.size();
    return done;
}

template <class Sink> void show(Sink &sink, uint32_t number, const Span &text) {
    if (text.data) sink.text(number, text.data, text.length);
}

template <class Sink>
void show_buddy(Sink &sink, uint32_t number, const pbnetwork_Buddy &m, const Span *text, const Span *group, const Span *end) {
    sink.begin(number);
    for (int field = 1; field <= 3; field++) show(sink, field, text[field]);
    for (; group != end; group++) show(sink, 4, *group);
    if (m.has_status) sink.number(5, m.status);
    show(sink, 6, text[6]);
    show(sink, 7, text[7]);
    if (m.has_blocked) sink.number(8, m.blocked);
    sink.end();
}

// Decodes the payload of a type and shows it.
template <class Sink> bool read_payload(pb_istream_t *stream, int type, Sink &sink) {
    Decoded &decoded = *current;
    Span *text = decoded.text;
    switch (type) {
    case pbnetwork_WrapperMessage_Type_TYPE_CONNECTED: {
        pbnetwork_Connected m = {into(text[1])};
        if (!pb_decode(stream, pbnetwork_Connected_fields, &m)) return false;
        sink.begin(type);
        show(sink, 1, text[1]);
        break;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_LOGIN: {
        pbnetwork_Login m = {};
        m.user = into(text[1]);
        m.legacyName = into(text[2]);
        m.password = into(text[3]);
        m.settings.value = decode_by(read_setting);
        if (!pb_decode(stream, pbnetwork_Login_fields, &m)) return false;
        sink.begin(type);
        for (int field = 1; field <= 3; field++) show(sink, field, text[field]);
        if (m.has_settings) {
            sink.begin(5);
            for (size_t i = 0; i < decoded.list.size(); i += 2) {
                const Span &key = decoded.list[i], &value = decoded.list[i + 1];
                sink.entry(key.data, key.length, value.data, value.length);
            }
            sink.end();
        }
        break;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_BUDDY_CHANGED:
    case pbnetwork_WrapperMessage_Type_TYPE_BUDDY_TYPING: {
        pbnetwork_Buddy m = {};
        prepare_buddy(m, text);
        if (!pb_decode(stream, pbnetwork_Buddy_fields, &m)) return false;
        const Span *groups = decoded.list.data();
        show_buddy(sink, type, m, text, groups, groups + decoded.list.size());
        return true;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_CONV_MESSAGE: {
        pbnetwork_ConversationMessage m = {};
        m.userName = into(text[1]);
        m.buddyName = into(text[2]);
        m.message = into(text[3]);
        m.nickname = into(text[4]);
        m.xhtml = into(text[5]);
        m.timestamp = into(text[6]);
        m.id = into(text[8]);
        m.attachment = decode_by(read_attachment);
        if (!pb_decode(stream, pbnetwork_ConversationMessage_fields, &m)) return false;
        sink.begin(type);
        for (int field = 1; field <= 6; field++) show(sink, field, text[field]);
        if (m.has_headline) sink.number(7, m.headline);
        show(sink, 8, text[8]);
        if (m.has_pm) sink.number(9, m.pm);
        if (m.has_carbon) sink.number(10, m.carbon);
        for (const Attachment &attachment : decoded.attachments) {
            sink.begin(11);
            for (int field = 1; field <= 3; field++) show(sink, field, attachment.text[field]);
            sink.end();
        }
        break;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_PARTICIPANT_CHANGED: {
        pbnetwork_Participant m = {};
        m.userName = into(text[1]);
        m.room = into(text[2]);
        m.nickname = into(text[3]);
        m.statusMessage = into(text[6]);
        m.newname = into(text[7]);
        m.iconHash = into(text[8]);
        m.alias = into(text[9]);
        if (!pb_decode(stream, pbnetwork_Participant_fields, &m)) return false;
        sink.begin(type);
        for (int field = 1; field <= 3; field++) show(sink, field, text[field]);
        sink.number(4, m.flag);
        sink.number(5, m.status);
        for (int field = 6; field <= 9; field++) show(sink, field, text[field]);
        break;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_VCARD: {
        pbnetwork_VCard m = {};
        m.userName = into(text[1]);
        m.buddyName = into(text[2]);
        m.fullname = into(text[4]);
        m.nickname = into(text[5]);
        m.photo = into(text[6]);
        if (!pb_decode(stream, pbnetwork_VCard_fields, &m)) return false;
        sink.begin(type);
        show(sink, 1, text[1]);
        show(sink, 2, text[2]);
        sink.number(3, m.id);
        for (int field = 4; field <= 6; field++) show(sink, field, text[field]);
        break;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_BUDDIES: {
        pbnetwork_Buddies m = {decode_by(read_contact)};
        if (!pb_decode(stream, pbnetwork_Buddies_fields, &m)) return false;
        sink.begin(type);
        const Span *group = decoded.list.data();
        for (const Contact &contact : decoded.contacts) {
            const Span *end = decoded.list.data() + contact.groups_end;
            show_buddy(sink, 1, contact.message, contact.text, group, end);
            group = end;
        }
        break;
    }
    default: return false;
    }
    sink.end();
    return true;
}

// A wrapper that is being decoded; the type comes before the payload.
template <class Sink> struct Wrapper {
    pbnetwork_WrapperMessage message = {};
    Sink *sink;
    bool has_payload = false;

    static bool read(pb_istream_t *stream, const pb_field_t *, void **argument) {
        Wrapper &wrapper = *static_cast<Wrapper *>(*argument);
        wrapper.has_payload = true;
        return read_payload(stream, wrapper.message.type, *wrapper.sink);
    }
};

bool write_text(pb_ostream_t *stream, const pb_field_t *field, void *const *argument) {
    const Span &text = *static_cast<const Span *>(*argument);
    return pb_encode_tag_for_field(stream, field) &&
           pb_encode_string(stream, reinterpret_cast<const pb_byte_t *>(text.data), text.length);
}

bool write_list(pb_ostream_t *stream, const pb_field_t *field, void *const *argument) {
    const Plain &plain = *static_cast<const Plain *>(*argument);
    for (size_t i = 0; i < plain.list_length; i++) {
        void *element = const_cast<Span *>(&plain.list[i]);
        if (!write_text(stream, field, &element)) return false;
    }
    return true;
}

// A string, or nothing where it is absent.
pb_callback_t from(const Plain &plain, int field) {
    pb_callback_t callback = {};
    if (!plain.has_text(field)) return callback;
    callback.funcs.encode = write_text;
    callback.arg = const_cast<Span *>(&plain.text[field]);
    return callback;
}

pb_callback_t from(const Span &text) {
    pb_callback_t callback = {};
    callback.funcs.encode = write_text;
    callback.arg = const_cast<Span *>(&text);
    return callback;
}

pb_callback_t encode_by(const Plain &plain, bool (*function)(pb_ostream_t *, const pb_field_t *, void *const *)) {
    pb_callback_t callback = {};
    callback.funcs.encode = function;
    callback.arg = const_cast<Plain *>(&plain);
    return callback;
}

bool write_settings(pb_ostream_t *stream, const pb_field_t *field, void *const *argument) {
    const Plain &plain = *static_cast<const Plain *>(*argument);
    for (size_t i = 0; i < plain.list_length; i += 2) {
        pbnetwork_Login_UserSettings_ValueEntry entry = {from(plain.list[i]), from(plain.list[i + 1])};
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_submessage(stream, pbnetwork_Login_UserSettings_ValueEntry_fields, &entry)) {
            return false;
        }
    }
    return true;
}

pbnetwork_Buddy make_buddy(const Plain &plain) {
    pbnetwork_Buddy m = {};
    m.userName = from(plain, 1);
    m.buddyName = from(plain, 2);
    m.alias = from(plain, 3);
    m.group = encode_by(plain, write_list);
    m.has_status = plain.has_number(5);
    m.status = static_cast<pbnetwork_StatusType>(plain.number[5]);
    m.statusMessage = from(plain, 6);
    m.iconHash = from(plain, 7);
    m.has_blocked = plain.has_number(8);
    m.blocked = plain.number[8] == 1;
    return m;
}

bool write_contacts(pb_ostream_t *stream, const pb_field_t *field, void *const *argument) {
    const Plain &plain = *static_cast<const Plain *>(*argument);
    for (size_t i = 0; i < plain.children_length; i++) {
        pbnetwork_Buddy contact = make_buddy(plain.children[i]);
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_submessage(stream, pbnetwork_Buddy_fields, &contact)) {
            return false;
        }
    }
    return true;
}

bool write_attachments(pb_ostream_t *stream, const pb_field_t *field, void *const *argument) {
    const Plain &plain = *static_cast<const Plain *>(*argument);
    for (size_t i = 0; i < plain.children_length; i++) {
        const Plain &child = plain.children[i];
        pbnetwork_Attachment attachment = {from(child, 1), from(child, 2), from(child, 3)};
        if (!pb_encode_tag_for_field(stream, field) ||
            !pb_encode_submessage(stream, pbnetwork_Attachment_fields, &attachment)) {
            return false;
        }
    }
    return true;
}

union Payload {
    pbnetwork_Connected connected;
    pbnetwork_Login login;
    pbnetwork_Buddy buddy;
    pbnetwork_ConversationMessage conversation;
    pbnetwork_Participant participant;
    pbnetwork_VCard card;
    pbnetwork_Buddies buddies;
};

// A message that is ready to be encoded; without fields where the type has no payload.
struct Ready {
    int type;
    const pb_msgdesc_t *fields;
    Payload payload;
};

Ready make_ready(const Plain &plain) {
    Ready ready = {plain.type, nullptr, {}};
    switch (plain.type) {
    case pbnetwork_WrapperMessage_Type_TYPE_CONNECTED:
        ready.fields = pbnetwork_Connected_fields;
        ready.payload.connected = {from(plain, 1)};
        break;
    case pbnetwork_WrapperMessage_Type_TYPE_LOGIN: {
        pbnetwork_Login m = {};
        m.user = from(plain, 1);
        m.legacyName = from(plain, 2);
        m.password = from(plain, 3);
        m.has_settings = true;
        m.settings.value = encode_by(plain, write_settings);
        ready.fields = pbnetwork_Login_fields;
        ready.payload.login = m;
        break;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_BUDDY_CHANGED:
    case pbnetwork_WrapperMessage_Type_TYPE_BUDDY_TYPING:
        ready.fields = pbnetwork_Buddy_fields;
        ready.payload.buddy = make_buddy(plain);
        break;
    case pbnetwork_WrapperMessage_Type_TYPE_CONV_MESSAGE: {
        pbnetwork_ConversationMessage m = {};
        m.userName = from(plain, 1);
        m.buddyName = from(plain, 2);
        m.message = from(plain, 3);
        m.nickname = from(plain, 4);
        m.xhtml = from(plain, 5);
        m.timestamp = from(plain, 6);
        m.has_headline = plain.has_number(7);
        m.headline = plain.number[7] == 1;
        m.id = from(plain, 8);
        m.has_pm = plain.has_number(9);
        m.pm = plain.number[9] == 1;
        m.has_carbon = plain.has_number(10);
        m.carbon = plain.number[10] == 1;
        m.attachment = encode_by(plain, write_attachments);
        ready.fields = pbnetwork_ConversationMessage_fields;
        ready.payload.conversation = m;
        break;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_PARTICIPANT_CHANGED: {
        pbnetwork_Participant m = {};
        m.userName = from(plain, 1);
        m.room = from(plain, 2);
        m.nickname = from(plain, 3);
        m.flag = static_cast<int32_t>(plain.number[4]);
        m.status = static_cast<pbnetwork_StatusType>(plain.number[5]);
        m.statusMessage = from(plain, 6);
        m.newname = from(plain, 7);
        m.iconHash = from(plain, 8);
        m.alias = from(plain, 9);
        ready.fields = pbnetwork_Participant_fields;
        ready.payload.participant = m;
        break;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_VCARD: {
        pbnetwork_VCard m = {};
        m.userName = from(plain, 1);
        m.buddyName = from(plain, 2);
        m.id = static_cast<int32_t>(plain.number[3]);
        m.fullname = from(plain, 4);
        m.nickname = from(plain, 5);
        m.photo = from(plain, 6);
        ready.fields = pbnetwork_VCard_fields;
        ready.payload.card = m;
        break;
    }
    case pbnetwork_WrapperMessage_Type_TYPE_BUDDIES:
        ready.fields = pbnetwork_Buddies_fields;
        ready.payload.buddies = {encode_by(plain, write_contacts)};
        break;
    default: break;
    }
    return ready;
}

bool write_payload(pb_ostream_t *stream, const pb_field_t *field, void *const *argument) {
    const Ready &ready = *static_cast<const Ready *>(*argument);
    return pb_encode_tag_for_field(stream, field) && pb_encode_submessage(stream, ready.fields, &ready.payload);
}

class Nanopb : public Codec {
public:
    void decode(Span stream, Touch &touch) override { read(stream, touch); }
    void record(Span stream, Record &record) override { read(stream, record); }

    void prepare(const Plain *messages, size_t count) override {
        ready.clear();
        for (size_t i = 0; i < count; i++) ready.push_back(make_ready(messages[i]));
    }

    Span encode() override {
        length = 0;
        for (const Ready &one : ready) write(one);
        return {output.data(), length};
    }

    Span build(const Plain *messages, size_t count) override {
        length = 0;
        for (size_t i = 0; i < count; i++) write(make_ready(messages[i]));
        return {output.data(), length};
    }

private:
    Decoded decoded;
    std::vector<Ready> ready;
    // Long enough for all workloads; a stream into a buffer has to know its end.
    std::vector<char> output = std::vector<char>(16 << 20);
    size_t length = 0;

    template <class Sink> void read(Span stream, Sink &sink) {
        current = &decoded;
        const char *at = stream.data, *end = stream.data + stream.length;
        while (at != end) {
            uint32_t body = read_header(at);
            read_frame(at + 4, body, sink);
            at += 4 + body;
        }
    }

    template <class Sink> void read_frame(const char *body, size_t body_length, Sink &sink) {
        decoded.clear(body_length);
        Wrapper<Sink> wrapper;
        wrapper.sink = &sink;
        wrapper.message.payload.funcs.decode = Wrapper<Sink>::read;
        wrapper.message.payload.arg = &wrapper;
        pb_istream_t stream = pb_istream_from_buffer(reinterpret_cast<const pb_byte_t *>(body), body_length);
        expect(pb_decode(&stream, pbnetwork_WrapperMessage_fields, &wrapper.message));
        if (!wrapper.has_payload) {
            sink.begin(wrapper.message.type);
            sink.end();
        }
    }

    void write(const Ready &one) {
        pbnetwork_WrapperMessage wrapper = {};
        wrapper.type = static_cast<pbnetwork_WrapperMessage_Type>(one.type);
        if (one.fields) {
            wrapper.payload.funcs.encode = write_payload;
            wrapper.payload.arg = const_cast<Ready *>(&one);
        }
        pb_byte_t *body = reinterpret_cast<pb_byte_t *>(&output[length + 4]);
        pb_ostream_t stream = pb_ostream_from_buffer(body, output.size() - length - 4);
        expect(pb_encode(&stream, pbnetwork_WrapperMessage_fields, &wrapper));
        write_header(&output[length], static_cast<uint32_t>(stream.bytes_written));
        length += 4 + stream.bytes_written;
    }
};

} // namespace

extern "C" Codec *nanopb_codec() { return new Nanopb; }
