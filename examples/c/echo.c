/* A backend whose network has one contact, `echo`, that says everything back. What it does, point by
   point, stands in examples/echo.rs. */

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "sha1.h"
#include "spectrum2.h"

/* A room that a user is in, with the user's nickname there. */
typedef struct room {
    struct room *next;
    sp2_str name, nickname;
} room;

/* What is known of a user. */
typedef struct user {
    struct user *next;
    sp2_str name;
    /* The user's own card; without `ptr` there is none. */
    sp2_str nickname;
    sp2_bytes photo;
    room *rooms;
} user;

typedef struct echo {
    user *users;
} echo;

/* Strings. */

static sp2_str text(const char *literal) {
    return sp2_str_of(literal);
}

static bool is(sp2_str string, const char *literal) {
    return sp2_str_equal(string, text(literal));
}

static bool is_there(sp2_str string) {
    return string.ptr != NULL;
}

static void *allocated(size_t size) {
    void *memory = calloc(1, size);
    if (memory == NULL)
        abort();
    return memory;
}

/* The two strings as one, which is to be freed by `free_string`. */
static sp2_str joined(sp2_str first, sp2_str second) {
    char *memory = allocated(first.len + second.len + 1);
    if (first.len > 0)
        memcpy(memory, first.ptr, first.len);
    if (second.len > 0)
        memcpy(memory + first.len, second.ptr, second.len);
    sp2_str string = {memory, first.len + second.len};
    return string;
}

static sp2_str copied(sp2_str string) {
    return joined(string, text(""));
}

static void free_string(sp2_str string) {
    free((void *)string.ptr);
}

/* Splits a string at the first `separator`. Returns false when there is none. */
static bool split(sp2_str string, char separator, sp2_str *before, sp2_str *behind) {
    const char *found = string.len > 0 ? memchr(string.ptr, separator, string.len) : NULL;
    if (found == NULL)
        return false;
    *before = (sp2_str){string.ptr, (size_t)(found - string.ptr)};
    *behind = (sp2_str){found + 1, string.len - before->len - 1};
    return true;
}

/* Users and rooms. */

static user **place_of_user(echo *self, sp2_str name) {
    user **place = &self->users;
    while (*place != NULL && !sp2_str_equal((*place)->name, name))
        place = &(*place)->next;
    return place;
}

static user *user_of(echo *self, sp2_str name) {
    user **place = place_of_user(self, name);
    if (*place == NULL) {
        *place = allocated(sizeof(user));
        (*place)->name = copied(name);
    }
    return *place;
}

static room **place_of_room(user *owner, sp2_str name) {
    room **place = &owner->rooms;
    while (*place != NULL && !sp2_str_equal((*place)->name, name))
        place = &(*place)->next;
    return place;
}

static void forget_room(room **place) {
    room *old = *place;
    if (old == NULL)
        return;
    *place = old->next;
    free_string(old->name);
    free_string(old->nickname);
    free(old);
}

static void forget_card(user *owner) {
    free_string(owner->nickname);
    free((void *)owner->photo.ptr);
}

static void forget_user(user **place) {
    user *old = *place;
    if (old == NULL)
        return;
    *place = old->next;
    while (old->rooms != NULL)
        forget_room(&old->rooms);
    forget_card(old);
    free_string(old->name);
    free(old);
}

/* The user's nickname in a room that the user is in; absent otherwise. */
static sp2_str nickname_in(echo *self, sp2_str name, sp2_str room_name) {
    user *owner = *place_of_user(self, name);
    room *joined_room = owner != NULL ? *place_of_room(owner, room_name) : NULL;
    return joined_room != NULL ? joined_room->nickname : text(NULL);
}

/* Sending. Each returns what a callback returns: 0, or else the loop ends. */

static int send_buddy(sp2_client *client, int32_t type, const sp2_buddy *buddy) {
    sp2_payload payload = {.type = type, .as.buddy = *buddy};
    return sp2_client_send(client, &payload, NULL);
}

/* Sends a payload with no more than the two names. */
static int send_names(sp2_client *client, int32_t type, sp2_str user_name, sp2_str buddy_name) {
    sp2_buddy buddy = {.user_name = user_name, .buddy_name = buddy_name};
    return send_buddy(client, type, &buddy);
}

static int send_message(sp2_client *client, int32_t type, const sp2_conversation_message *message) {
    sp2_payload payload = {.type = type, .as.conversation_message = *message};
    return sp2_client_send(client, &payload, NULL);
}

static int send_participant(sp2_client *client, const sp2_room *request, sp2_str nickname, int32_t flag,
                            int32_t status, const char *status_message) {
    sp2_participant participant = {
        .user_name = request->user_name,
        .room = request->room,
        .nickname = nickname,
        .flag = flag,
        .status = status,
        .status_message = text(status_message),
    };
    sp2_payload payload = {.type = SP2_TYPE_PARTICIPANT_CHANGED, .as.participant = participant};
    return sp2_client_send(client, &payload, NULL);
}

/* Callbacks. */

static int32_t on_start(sp2_client *client, void *self) {
    (void)self;
    sp2_features features = sp2_features_default();
    features.need_registration = 0;
    features.muc = 1;
    features.receipts = 1;
    if (sp2_client_send_features(client, &features, NULL) != SP2_OK)
        return 1;
    sp2_str room_name = SP2_STR("#test"), name = SP2_STR("Test room");
    sp2_room_list list = {.room = {.items = &room_name, .count = 1}, .name = {.items = &name, .count = 1}};
    sp2_payload payload = {.type = SP2_TYPE_ROOM_LIST, .as.room_list = list};
    return sp2_client_send(client, &payload, NULL);
}

static int32_t on_login(sp2_client *client, const sp2_login *login, void *self) {
    if (is(login->password, "badpw")) {
        sp2_disconnected refusal = {
            .user = login->user,
            .error = SP2_CONNECTION_ERROR_AUTHENTICATION_FAILED,
            .message = SP2_STR("Wrong password"),
        };
        sp2_payload payload = {.type = SP2_TYPE_DISCONNECTED, .as.disconnected = refusal};
        return sp2_client_send(client, &payload, NULL);
    }
    forget_user(place_of_user(self, login->user));
    user_of(self, login->user);
    sp2_payload payload = {.type = SP2_TYPE_CONNECTED, .as.connected = {.user = login->user}};
    if (sp2_client_send(client, &payload, NULL) != SP2_OK)
        return 1;
    sp2_buddy buddy = {
        .user_name = login->user,
        .buddy_name = SP2_STR("echo"),
        .alias = SP2_STR("Echo"),
        .status = {1, SP2_STATUS_ONLINE},
    };
    return send_buddy(client, SP2_TYPE_BUDDY_CHANGED, &buddy);
}

static int32_t on_logout(sp2_client *client, const sp2_logout *logout, void *self) {
    (void)client;
    forget_user(place_of_user(self, logout->user));
    return 0;
}

static int32_t on_status_changed(sp2_client *client, const sp2_status *status, void *self) {
    (void)self;
    sp2_buddy buddy = {
        .user_name = status->user_name,
        .buddy_name = SP2_STR("echo"),
        .alias = SP2_STR(""),
        .status = {1, status->status == SP2_STATUS_INVISIBLE ? SP2_STATUS_NONE : status->status},
        .status_message = status->status_message,
    };
    return send_buddy(client, SP2_TYPE_BUDDY_CHANGED, &buddy);
}

/* What happens to a message in a room. */
static int answer_in_room(sp2_client *client, sp2_conversation_message message, sp2_str nickname) {
    message.nickname = nickname;
    if (send_message(client, SP2_TYPE_CONV_MESSAGE, &message) != SP2_OK)
        return 1;
    sp2_conversation_message answer = {
        .user_name = message.user_name,
        .buddy_name = message.buddy_name,
        .message = joined(text("echo: "), message.message),
        .nickname = SP2_STR("echo"),
    };
    int result = send_message(client, SP2_TYPE_CONV_MESSAGE, &answer);
    free_string(answer.message);
    return result;
}

/* What `echo` says to a message. */
static int answer(sp2_client *client, const sp2_conversation_message *message) {
    sp2_str command, rest;
    /* A command with nothing behind it is none. */
    if (!split(message->message, ' ', &command, &rest) || rest.len == 0)
        return send_message(client, SP2_TYPE_CONV_MESSAGE, message);
    if (is(command, "!auth"))
        return send_names(client, SP2_TYPE_AUTH_REQUEST, message->user_name, rest);
    sp2_conversation_message plain = {
        .user_name = message->user_name,
        .buddy_name = message->buddy_name,
        .message = rest,
    };
    sp2_attachment attachment = {.url = rest};
    if (is(command, "!delay"))
        plain.timestamp = text("20200102T030405");
    else if (is(command, "!attach"))
        plain.attachment = (sp2_attachment_list){.items = &attachment, .count = 1};
    else if (is(command, "!carbon"))
        plain.carbon = (sp2_opt_bool){1, 1};
    else
        plain = *message;
    return send_message(client, SP2_TYPE_CONV_MESSAGE, &plain);
}

static int32_t on_message(sp2_client *client, const sp2_conversation_message *request, void *self) {
    sp2_str own_nickname = nickname_in(self, request->user_name, request->buddy_name);
    sp2_str room_name, nickname;
    bool is_private = split(request->buddy_name, '/', &room_name, &nickname) && room_name.len > 0 &&
                      room_name.ptr[0] == '#';
    /* What nobody receives gets no receipt either. */
    if (!is(request->buddy_name, "echo") && !is_there(own_nickname) && !is_private)
        return 0;
    if (is_there(request->id)) {
        sp2_conversation_message receipt = {
            .user_name = request->user_name,
            .buddy_name = request->buddy_name,
            .id = request->id,
        };
        if (send_message(client, SP2_TYPE_CONV_MESSAGE_ACK, &receipt) != SP2_OK)
            return 1;
    }
    sp2_conversation_message message = *request;
    message.id = text(NULL);
    if (is_there(own_nickname))
        return answer_in_room(client, message, own_nickname);
    if (!is_private)
        return answer(client, &message);
    message.buddy_name = room_name;
    message.nickname = nickname;
    message.pm = (sp2_opt_bool){1, 1};
    return send_message(client, SP2_TYPE_CONV_MESSAGE, &message);
}

static int32_t on_buddy_changed(sp2_client *client, const sp2_buddy *request, void *self) {
    (void)self;
    sp2_buddy buddy = *request;
    buddy.status = (sp2_opt_int32){1, SP2_STATUS_ONLINE};
    return send_buddy(client, SP2_TYPE_BUDDY_CHANGED, &buddy);
}

static int32_t on_buddy_removed(sp2_client *client, const sp2_buddy *buddy, void *self) {
    (void)self;
    return send_names(client, SP2_TYPE_BUDDY_REMOVED, buddy->user_name, buddy->buddy_name);
}

static int32_t on_buddy_typing(sp2_client *client, const sp2_buddy *buddy, void *self) {
    (void)self;
    return send_names(client, SP2_TYPE_BUDDY_TYPING, buddy->user_name, buddy->buddy_name);
}

static int32_t on_buddy_typed(sp2_client *client, const sp2_buddy *buddy, void *self) {
    (void)self;
    return send_names(client, SP2_TYPE_BUDDY_TYPED, buddy->user_name, buddy->buddy_name);
}

static int32_t on_buddy_stopped_typing(sp2_client *client, const sp2_buddy *buddy, void *self) {
    (void)self;
    return send_names(client, SP2_TYPE_BUDDY_STOPPED_TYPING, buddy->user_name, buddy->buddy_name);
}

static int32_t on_attention(sp2_client *client, const sp2_conversation_message *message, void *self) {
    (void)self;
    sp2_conversation_message buzz = {
        .user_name = message->user_name,
        .buddy_name = message->buddy_name,
        .message = message->message,
    };
    return send_message(client, SP2_TYPE_ATTENTION, &buzz);
}

static int32_t on_vcard_requested(sp2_client *client, const sp2_vcard *request, void *self) {
    static const sp2_bytes no_photo = {(const uint8_t *)"", 0};
    user *owner = *place_of_user(self, request->user_name);
    bool has_card = owner != NULL && is_there(owner->nickname);
    sp2_vcard card = *request;
    card.fullname = joined(text("Full "), request->buddy_name);
    card.nickname = has_card ? owner->nickname : text("echo");
    card.photo = has_card ? owner->photo : no_photo;
    sp2_payload payload = {.type = SP2_TYPE_VCARD, .as.vcard = card};
    int result = sp2_client_send(client, &payload, NULL);
    free_string(card.fullname);
    return result;
}

static int32_t on_vcard_updated(sp2_client *client, const sp2_vcard *card, void *self) {
    user *owner = user_of(self, card->user_name);
    forget_card(owner);
    owner->nickname = copied(card->nickname);
    sp2_str photo = copied((sp2_str){(const char *)card->photo.ptr, card->photo.len});
    owner->photo = (sp2_bytes){(const uint8_t *)photo.ptr, photo.len};

    char hash[41];
    sha1_hex(card->photo.ptr, card->photo.len, hash);
    sp2_buddy buddy = {
        .user_name = card->user_name,
        .buddy_name = SP2_STR("echo"),
        .status = {1, SP2_STATUS_ONLINE},
        .icon_hash = text(hash),
    };
    return send_buddy(client, SP2_TYPE_BUDDY_CHANGED, &buddy);
}

/* The flag that says why a room cannot be joined, or that it can. */
static int32_t refusal(const sp2_room *request) {
    if (is(request->room, "#missing"))
        return SP2_PARTICIPANT_FLAG_ROOM_NOT_FOUND;
    if (is(request->room, "#locked") && !is(request->password, "sesame"))
        return SP2_PARTICIPANT_FLAG_NOT_AUTHORIZED;
    if (is(request->nickname, "taken"))
        return SP2_PARTICIPANT_FLAG_CONFLICT;
    return SP2_PARTICIPANT_FLAG_NONE;
}

static int send_subject(sp2_client *client, sp2_str user_name, sp2_str room_name, sp2_str subject, sp2_str nickname) {
    sp2_conversation_message message = {
        .user_name = user_name,
        .buddy_name = room_name,
        .message = subject,
        .nickname = nickname,
    };
    return send_message(client, SP2_TYPE_ROOM_SUBJECT_CHANGED, &message);
}

static int32_t on_join_room(sp2_client *client, const sp2_room *request, void *self) {
    int32_t refused = refusal(request);
    if (refused != SP2_PARTICIPANT_FLAG_NONE)
        return send_participant(client, request, request->nickname, refused, SP2_STATUS_NONE, NULL);

    user *owner = user_of(self, request->user_name);
    forget_room(place_of_room(owner, request->room));
    room *joined_room = allocated(sizeof(room));
    *joined_room = (room){owner->rooms, copied(request->room), copied(request->nickname)};
    owner->rooms = joined_room;

    if (send_participant(client, request, text("echo"), SP2_PARTICIPANT_FLAG_MODERATOR, SP2_STATUS_ONLINE, NULL) ||
        send_participant(client, request, text("away"), SP2_PARTICIPANT_FLAG_NONE, SP2_STATUS_AWAY, "lunch") ||
        send_participant(client, request, request->nickname, SP2_PARTICIPANT_FLAG_ME, SP2_STATUS_ONLINE, NULL))
        return 1;
    sp2_str subject = joined(text("Subject of "), request->room);
    int result = send_subject(client, request->user_name, request->room, subject, text("echo"));
    free_string(subject);
    return result;
}

static int32_t on_leave_room(sp2_client *client, const sp2_room *request, void *self) {
    (void)client;
    user *owner = *place_of_user(self, request->user_name);
    if (owner != NULL)
        forget_room(place_of_room(owner, request->room));
    return 0;
}

static int32_t on_room_subject_changed(sp2_client *client, const sp2_conversation_message *subject, void *self) {
    sp2_str nickname = nickname_in(self, subject->user_name, subject->buddy_name);
    /* A message to a contact may have a subject too. */
    if (!is_there(nickname))
        return 0;
    return send_subject(client, subject->user_name, subject->buddy_name, subject->message, nickname);
}

int main(int count, char **arguments) {
    static const sp2_backend backend = {
        .start = on_start,
        .login = on_login,
        .logout = on_logout,
        .message = on_message,
        .status_changed = on_status_changed,
        .buddy_changed = on_buddy_changed,
        .buddy_removed = on_buddy_removed,
        .buddy_typing = on_buddy_typing,
        .buddy_typed = on_buddy_typed,
        .buddy_stopped_typing = on_buddy_stopped_typing,
        .attention = on_attention,
        .join_room = on_join_room,
        .leave_room = on_leave_room,
        .room_subject_changed = on_room_subject_changed,
        .vcard_requested = on_vcard_requested,
        .vcard_updated = on_vcard_updated,
    };
    echo self = {NULL};
    int status = sp2_main(count, arguments, &backend, &self);
    while (self.users != NULL)
        forget_user(&self.users);
    return status;
}
