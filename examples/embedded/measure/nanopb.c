/* nanopb as firmware uses it: fields of a fixed size, which nanopb.options decides, and a callback that
   decodes the payload in place, by the type that comes before it. */

#include <string.h>

#include <pb_decode.h>
#include <pb_encode.h>

#include "codec.h"
#include "protocol.pb.h"

static struct {
    int type;
    bool has_payload;
    union {
#ifndef SUBSET
        pbnetwork_Connected connected;
        pbnetwork_Disconnected disconnected;
        pbnetwork_Logout logout;
        pbnetwork_Buddies buddies;
        pbnetwork_Room room;
        pbnetwork_RoomList room_list;
        pbnetwork_Participant participant;
        pbnetwork_VCard vcard;
        pbnetwork_Status status;
        pbnetwork_Stats stats;
        pbnetwork_BackendConfig backend_config;
        pbnetwork_APIVersion api_version;
        pbnetwork_File file;
        pbnetwork_FileTransferData file_transfer_data;
        struct {
            size_t length;
            pb_byte_t bytes[256];
        } xml;
#endif
        pbnetwork_Login login;
        pbnetwork_Buddy buddy;
        pbnetwork_ConversationMessage conversation_message;
    } as;
} message;

size_t codec_message_size(void) {
    return sizeof message;
}

#define TYPE(name) pbnetwork_WrapperMessage_Type_TYPE_##name

/* The message that a type carries. */
static const pb_msgdesc_t *fields_of(int type) {
    switch (type) {
#ifndef SUBSET
    case TYPE(CONNECTED): return pbnetwork_Connected_fields;
    case TYPE(DISCONNECTED): return pbnetwork_Disconnected_fields;
    case TYPE(LOGOUT): return pbnetwork_Logout_fields;
    case TYPE(JOIN_ROOM):
    case TYPE(LEAVE_ROOM):
    case TYPE(ROOM_NICKNAME_CHANGED): return pbnetwork_Room_fields;
    case TYPE(PARTICIPANT_CHANGED): return pbnetwork_Participant_fields;
    case TYPE(VCARD): return pbnetwork_VCard_fields;
    case TYPE(STATUS_CHANGED): return pbnetwork_Status_fields;
    case TYPE(STATS): return pbnetwork_Stats_fields;
    case TYPE(FT_START):
    case TYPE(FT_FINISH):
    case TYPE(FT_PAUSE):
    case TYPE(FT_CONTINUE): return pbnetwork_File_fields;
    case TYPE(FT_DATA): return pbnetwork_FileTransferData_fields;
    case TYPE(BACKEND_CONFIG):
    case TYPE(QUERY): return pbnetwork_BackendConfig_fields;
    case TYPE(ROOM_LIST): return pbnetwork_RoomList_fields;
    case TYPE(BUDDIES): return pbnetwork_Buddies_fields;
    case TYPE(API_VERSION): return pbnetwork_APIVersion_fields;
#endif
    case TYPE(LOGIN): return pbnetwork_Login_fields;
    case TYPE(BUDDY_CHANGED):
    case TYPE(BUDDY_REMOVED):
    case TYPE(BUDDY_TYPING):
    case TYPE(BUDDY_TYPED):
    case TYPE(BUDDY_STOPPED_TYPING):
    case TYPE(AUTH_REQUEST): return pbnetwork_Buddy_fields;
    case TYPE(CONV_MESSAGE):
    case TYPE(CONV_MESSAGE_ACK):
    case TYPE(ATTENTION):
    case TYPE(ROOM_SUBJECT_CHANGED): return pbnetwork_ConversationMessage_fields;
    default: return NULL;
    }
}

static bool read_payload(pb_istream_t *stream, const pb_field_t *field, void **wrapper) {
    (void)field;
    message.has_payload = true;
    message.type = ((const pbnetwork_WrapperMessage *)*wrapper)->type;
#ifndef SUBSET
    if (message.type == TYPE(RAW_XML)) {
        message.as.xml.length = stream->bytes_left;
        return stream->bytes_left <= sizeof message.as.xml.bytes &&
               pb_read(stream, message.as.xml.bytes, stream->bytes_left);
    }
#endif
    const pb_msgdesc_t *fields = fields_of(message.type);
    return fields != NULL && pb_decode(stream, fields, &message.as);
}

bool codec_decode(const uint8_t *body, size_t length) {
    pbnetwork_WrapperMessage wrapper;
    pb_istream_t stream = pb_istream_from_buffer(body, length);
    wrapper.payload.funcs.decode = read_payload;
    wrapper.payload.arg = &wrapper;
    message.has_payload = false;
    if (!pb_decode(&stream, pbnetwork_WrapperMessage_fields, &wrapper))
        return false;
    message.type = wrapper.type;
    return true;
}

/* Its lists are arrays, which cost nothing to read. */
size_t codec_read_lists(void) {
    return 0;
}

static bool write_payload(pb_ostream_t *stream, const pb_field_t *field, void *const *argument) {
    (void)argument;
    if (!message.has_payload)
        return true;
    if (!pb_encode_tag_for_field(stream, field))
        return false;
#ifndef SUBSET
    if (message.type == TYPE(RAW_XML))
        return pb_encode_string(stream, message.as.xml.bytes, message.as.xml.length);
#endif
    const pb_msgdesc_t *fields = fields_of(message.type);
    return fields != NULL && pb_encode_submessage(stream, fields, &message.as);
}

size_t codec_encode(uint8_t *buffer, size_t capacity) {
    enum { HEADER = 4 };
    pbnetwork_WrapperMessage wrapper;
    if (capacity < HEADER)
        return 0;
    pb_ostream_t stream = pb_ostream_from_buffer(buffer + HEADER, capacity - HEADER);
    wrapper.type = message.type;
    wrapper.payload.funcs.encode = write_payload;
    if (!pb_encode(&stream, pbnetwork_WrapperMessage_fields, &wrapper))
        return 0;
    for (int i = 0; i < HEADER; i++)
        buffer[i] = (uint8_t)(stream.bytes_written >> (8 * (HEADER - 1 - i)));
    return HEADER + stream.bytes_written;
}
