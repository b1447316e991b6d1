/* The msncd client through the C ABI: two users of the example daemon, one of them over a descriptor, and
   a daemon that misbehaves; and the codec without it. tests/capi_codec.rs runs it, with the daemon's port. */

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "spectrum2.h"

#define CHECK(condition)                                                                       \
    do {                                                                                       \
        if (!(condition)) {                                                                    \
            fprintf(stderr, "%s:%d: %s (%s)\n", __FILE__, __LINE__, #condition, error.text);   \
            exit(1);                                                                           \
        }                                                                                      \
    } while (0)

static sp2_error error;

static int is(sp2_str string, const char *text) { return string.ptr && sp2_str_equal(string, sp2_str_of(text)); }

static sp2_result execute(sp2_msncd *client, sp2_msncd_command command) {
    return sp2_msncd_execute(client, &command, &error);
}

static void log_in(sp2_msncd *client, const char *email) {
    CHECK(execute(client, (sp2_msncd_command){.type = SP2_MSNCD_LOGIN, .email = sp2_str_of(email), .password = SP2_STR("a secret")}) == SP2_OK);
    CHECK(execute(client, (sp2_msncd_command){.type = SP2_MSNCD_STATUS, .status = SP2_STR("online")}) == SP2_OK);
}

static int connected_to(uint16_t port) {
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    CHECK(connect(descriptor, (struct sockaddr *)&address, sizeof(address)) == 0);
    return descriptor;
}

/* Polls to the end, and returns the last event of a type: its strings are gone by then, but for what is
   checked here. */
static int polled(sp2_msncd *client, int32_t type, const char *email, const char *text) {
    int found = 0;
    for (;;) {
        sp2_msncd_event event;
        CHECK(sp2_msncd_poll(client, &event, &error) == SP2_OK);
        if (event.type == SP2_MSNCD_EVENT_END)
            return found;
        if (event.type == type && is(event.email, email) && (text ? is(event.text, text) : event.text.ptr == NULL))
            found++;
    }
}

static void two_users_talk(uint16_t port) {
    sp2_msncd *alice, *bob;
    CHECK(sp2_msncd_connect_to(sp2_str_of("127.0.0.1"), port, &alice, &error) == SP2_OK);
    CHECK(sp2_msncd_over(connected_to(port), &bob, &error) == SP2_OK);
    CHECK(sp2_msncd_set_timeout(alice, 60000, &error) == SP2_OK);
    log_in(alice, "alice@net");
    log_in(bob, "bob@net");

    CHECK(execute(alice, (sp2_msncd_command){.type = SP2_MSNCD_ADD, .nick = SP2_STR("Bob & Co."), .email = SP2_STR("bob@net")}) == SP2_OK);
    sp2_msncd_contact_list list;
    CHECK(sp2_msncd_contacts(alice, 0, &list, &error) == SP2_OK && list.count == 1);
    CHECK(is(list.items[0].nick, "Bob & Co.") && is(list.items[0].email, "bob@net"));
    CHECK(sp2_msncd_contacts(bob, 1, &list, &error) == SP2_OK && list.count == 1 && is(list.items[0].email, "alice@net"));
    CHECK(sp2_msncd_contacts(bob, 0, &list, &error) == SP2_OK && list.count == 0 && list.items == NULL);
    CHECK(polled(bob, SP2_MSNCD_EVENT_USER_ADDED, "alice@net", NULL) == 1);

    sp2_map attributes;
    sp2_entry attribute;
    CHECK(sp2_msncd_info(alice, sp2_str_of("bob@net"), &attributes, &error) == SP2_OK);
    CHECK(sp2_map_next(&attributes, &attribute) && attribute.key.len > 0);

    sp2_msncd_command message = {.type = SP2_MSNCD_SEND_MESSAGE, .user = SP2_STR("bob@net"), .text = SP2_STR("Hello,\nBob")};
    CHECK(execute(alice, message) == SP2_OK);
    CHECK(polled(bob, SP2_MSNCD_EVENT_MESSAGE, "alice@net", "Hello,\nBob") == 1);
    CHECK(execute(alice, (sp2_msncd_command){.type = SP2_MSNCD_TYPING, .user = SP2_STR("bob@net")}) == SP2_OK);
    CHECK(polled(bob, SP2_MSNCD_EVENT_TYPING, "alice@net", NULL) == 1);
    CHECK(execute(alice, (sp2_msncd_command){.type = SP2_MSNCD_PRIVACY, .is_public = 1}) == SP2_OK);
    CHECK(execute(alice, (sp2_msncd_command){.type = SP2_MSNCD_NICK, .nick = SP2_STR("Alice")}) == SP2_OK);
    CHECK(execute(alice, (sp2_msncd_command){.type = SP2_MSNCD_DELETE, .user = SP2_STR("bob@net")}) == SP2_OK);
    CHECK(execute(alice, (sp2_msncd_command){.type = SP2_MSNCD_LOGOFF}) == SP2_OK);
    CHECK(sp2_msncd_free(alice) == SP2_OK && sp2_msncd_free(bob) == SP2_OK);
}

static void misuse_is_an_error(uint16_t port) {
    sp2_msncd *client = NULL;
    sp2_msncd_event event;
    sp2_map attributes;
    sp2_msncd_contact_list list;
    sp2_msncd_command logoff = {.type = SP2_MSNCD_LOGOFF};
    CHECK(sp2_msncd_connect_to(sp2_str_of("127.0.0.1"), port, NULL, &error) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_over(-1, &client, &error) == SP2_INVALID_ARGUMENT && client == NULL);
    CHECK(sp2_msncd_over(-1, NULL, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_execute(NULL, &logoff, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_poll(NULL, &event, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_info(NULL, sp2_str_of("bob@net"), &attributes, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_contacts(NULL, 0, &list, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_finish(NULL, NULL) == SP2_NULL_POINTER && sp2_msncd_set_timeout(NULL, 0, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_free(NULL) == SP2_OK);

    CHECK(sp2_msncd_connect_to(sp2_str_of("127.0.0.1"), port, &client, &error) == SP2_OK);
    CHECK(sp2_msncd_execute(client, NULL, &error) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_poll(client, NULL, &error) == SP2_NULL_POINTER);
    CHECK(execute(client, (sp2_msncd_command){.type = 99}) == SP2_INVALID_ARGUMENT);
    CHECK(execute(client, (sp2_msncd_command){.type = SP2_MSNCD_POLL}) == SP2_INVALID_ARGUMENT);
    CHECK(execute(client, (sp2_msncd_command){.type = SP2_MSNCD_LOGIN}) == SP2_INVALID_ARGUMENT);
    CHECK(execute(client, (sp2_msncd_command){.type = SP2_MSNCD_STATUS, .status = SP2_STR("two words")}) == SP2_INVALID_ARGUMENT);
    CHECK(strcmp(error.text, "the daemon cannot be asked: newstatus cannot be said in this protocol") == 0);
    CHECK(execute(client, (sp2_msncd_command){.type = SP2_MSNCD_STATUS, .status = SP2_STR("\xff")}) == SP2_INVALID_UTF8);
    /* Nobody is logged in. */
    CHECK(execute(client, (sp2_msncd_command){.type = SP2_MSNCD_STATUS, .status = SP2_STR("online")}) == SP2_REFUSED);
    CHECK(strlen(error.text) > 0);
    CHECK(sp2_msncd_free(client) == SP2_OK);
}

/* The other end of a client, which says what a test wants. */
static int peer_of(sp2_msncd **client) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(sp2_msncd_over(ends[0], client, &error) == SP2_OK);
    return ends[1];
}

static void say(int peer, const char *text) { CHECK(write(peer, text, strlen(text)) == (ssize_t)strlen(text)); }

static void a_daemon_may_misbehave(void) {
    sp2_msncd *client;
    sp2_msncd_event event;
    sp2_msncd_command logoff = {.type = SP2_MSNCD_LOGOFF};
    int peer = peer_of(&client);
    say(peer, "ERR no, not today\n");
    CHECK(execute(client, logoff) == SP2_REFUSED && strcmp(error.text, "no, not today") == 0);
    say(peer, "STCH\nSTCH bob@net away 7\nERR 42 oops\nSCLOSE MAIN\nNEWS of tomorrow\nPOLLEND\n");
    CHECK(sp2_msncd_poll(client, &event, &error) == SP2_MALFORMED_LINE && sp2_is_malformed(error.code));
    CHECK(sp2_msncd_poll(client, &event, &error) == SP2_OK && event.type == SP2_MSNCD_EVENT_STATUS_CHANGED);
    CHECK(is(event.email, "bob@net") && is(event.text, "away") && event.discarded.is_set && event.discarded.value == 7);
    CHECK(sp2_msncd_poll(client, &event, &error) == SP2_OK && event.type == SP2_MSNCD_EVENT_ERROR);
    CHECK(event.code == 42 && is(event.text, "oops") && event.email.ptr == NULL);
    CHECK(execute(client, logoff) == SP2_UNANSWERED);
    CHECK(sp2_msncd_poll(client, &event, &error) == SP2_OK && event.type == SP2_MSNCD_EVENT_MAIN_CLOSED);
    CHECK(!event.discarded.is_set);
    CHECK(sp2_msncd_poll(client, &event, &error) == SP2_OK && event.type == SP2_MSNCD_EVENT_UNKNOWN);
    CHECK(is(event.text, "NEWS of tomorrow"));
    CHECK(sp2_msncd_poll(client, &event, &error) == SP2_OK && event.type == SP2_MSNCD_EVENT_END);

    /* A timeout keeps the command, and what came of the answer. */
    CHECK(sp2_msncd_set_timeout(client, 1, &error) == SP2_OK);
    say(peer, "O");
    CHECK(execute(client, logoff) == SP2_TIMEOUT);
    CHECK(execute(client, logoff) == SP2_UNANSWERED);
    say(peer, "K\n");
    CHECK(sp2_msncd_set_timeout(client, 0, &error) == SP2_OK);
    CHECK(sp2_msncd_finish(client, &error) == SP2_OK);

    say(peer, "what?\n");
    CHECK(execute(client, logoff) == SP2_MALFORMED_LINE);
    CHECK(execute(client, logoff) == SP2_OUT_OF_STEP);
    CHECK(sp2_msncd_free(client) == SP2_OK);
    close(peer);

    peer = peer_of(&client);
    CHECK(shutdown(peer, SHUT_WR) == 0);
    CHECK(execute(client, logoff) == SP2_CLOSED);
    CHECK(execute(client, logoff) == SP2_OUT_OF_STEP);
    CHECK(sp2_msncd_free(client) == SP2_OK);
    close(peer);
}

static sp2_result split(const char *received, int32_t type, sp2_bytes *answer) {
    return sp2_msncd_split((const uint8_t *)received, strlen(received), type, answer, &error);
}

static sp2_result decode(const char *answer, int32_t type, sp2_msncd_lines *lines) {
    return sp2_msncd_answer_decode((const uint8_t *)answer, strlen(answer), type, lines, &error);
}

/* The number of bytes that the command has, which are what is expected, in a buffer of just that length. */
static void encodes(sp2_msncd_command command, const char *expected) {
    size_t length = 0, needed = strlen(expected);
    uint8_t *buffer = malloc(needed);
    CHECK(sp2_msncd_encoded_len(&command, &length, &error) == SP2_OK && length == needed);
    CHECK(sp2_msncd_encode(&command, buffer, needed, &length, &error) == SP2_OK && length == needed);
    CHECK(memcmp(buffer, expected, needed) == 0);
    CHECK(sp2_msncd_encode(&command, buffer, needed - 1, &length, &error) == SP2_BUFFER_TOO_SHORT && error.needed == needed);
    CHECK(sp2_msncd_encode(&command, NULL, 0, &length, NULL) == SP2_BUFFER_TOO_SHORT && length == needed);
    free(buffer);
}

static void commands_are_encoded(void) {
    encodes((sp2_msncd_command){.type = SP2_MSNCD_LOGIN, .email = SP2_STR("a@b"), .password = SP2_STR("a secret")}, "LOGIN a@b a secret\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_ADD, .nick = SP2_STR("Bob & Co."), .email = SP2_STR("b@c")}, "ADD Bob%20%26%20Co. b@c\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_DELETE, .user = SP2_STR("Bob 1")}, "DEL Bob%201\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_NICK, .nick = SP2_STR("Al")}, "NICK Al\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_PRIVACY, .ask = 1}, "PRIV 0 1\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_STATUS, .status = SP2_STR("away")}, "STATUS away\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_LOGOFF}, "LOGOFF\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_SEND_MESSAGE, .user = SP2_STR("b@c"), .text = SP2_STR("Hello,\n\nBob")}, "SENDMSG 3 b@c\nHello,\n\nBob\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_TYPING, .user = SP2_STR("b@c")}, "TYPING b@c\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_INFO, .user = SP2_STR("b@c")}, "INFO b@c\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_CONTACT_LIST}, "GETCL\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_REVERSE_LIST}, "GETRCL\n");
    encodes((sp2_msncd_command){.type = SP2_MSNCD_POLL}, "POLL\n");

    size_t length = 7;
    uint8_t buffer[8];
    sp2_msncd_command command = {.type = SP2_MSNCD_STATUS, .status = SP2_STR("two words")};
    CHECK(sp2_msncd_encoded_len(&command, &length, &error) == SP2_INVALID_ARGUMENT);
    CHECK(strcmp(error.text, "newstatus cannot be said in this protocol") == 0);
    CHECK(sp2_msncd_encode(&command, buffer, sizeof(buffer), &length, &error) == SP2_INVALID_ARGUMENT);
    command.type = 99;
    CHECK(sp2_msncd_encode(&command, buffer, sizeof(buffer), &length, &error) == SP2_INVALID_ARGUMENT);
    command.type = SP2_MSNCD_LOGOFF;
    CHECK(sp2_msncd_encode(NULL, buffer, sizeof(buffer), &length, &error) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_encode(&command, NULL, sizeof(buffer), &length, &error) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_encode(&command, buffer, sizeof(buffer), NULL, &error) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_encoded_len(NULL, &length, NULL) == SP2_NULL_POINTER && length == 7);
    CHECK(sp2_msncd_encoded_len(&command, NULL, NULL) == SP2_NULL_POINTER);
}

static void answers_are_split_and_decoded(void) {
    sp2_bytes answer = {0};
    sp2_msncd_lines lines;
    CHECK(split("OK\nPOLLEND\n", SP2_MSNCD_LOGOFF, &answer) == SP2_OK && answer.len == 3);
    CHECK(decode("OK\n", SP2_MSNCD_LOGOFF, &lines) == SP2_OK && lines.length == 0);
    CHECK(split("O", SP2_MSNCD_LOGOFF, &answer) == SP2_INCOMPLETE && error.needed == 2);
    CHECK(split("", SP2_MSNCD_POLL, &answer) == SP2_INCOMPLETE && answer.len == 3);
    CHECK(split("CL many\n", SP2_MSNCD_CONTACT_LIST, &answer) == SP2_OUT_OF_STEP);
    CHECK(split("OK\n", 99, &answer) == SP2_INVALID_ARGUMENT);
    CHECK(sp2_msncd_split(NULL, 1, SP2_MSNCD_POLL, &answer, NULL) == SP2_NULL_POINTER);
    CHECK(split("OK\n", SP2_MSNCD_LOGOFF, NULL) == SP2_NULL_POINTER);

    CHECK(decode("ERR no, not today\n", SP2_MSNCD_INFO, &lines) == SP2_REFUSED && strcmp(error.text, "no, not today") == 0);
    CHECK(decode("what?\n", SP2_MSNCD_LOGOFF, &lines) == SP2_OUT_OF_STEP);
    CHECK(decode("OK then\n", SP2_MSNCD_LOGOFF, &lines) == SP2_MALFORMED_LINE && error.offset == 3);
    CHECK(sp2_is_malformed(error.code) && is(error.field, "answer"));
    CHECK(decode("POLLEND\n", SP2_MSNCD_POLL, &lines) == SP2_INVALID_ARGUMENT);
    CHECK(decode("OK\n", SP2_MSNCD_LOGOFF, NULL) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_answer_decode(NULL, 3, SP2_MSNCD_LOGOFF, &lines, NULL) == SP2_NULL_POINTER);
}

static void lists_are_read_by_lines(void) {
    static const char received[] = "CL 2\nonline bob@net Bob%20%26%20Co.\naway eve@net\nOK\n";
    sp2_bytes answer;
    sp2_msncd_lines lines;
    sp2_msncd_contact_line contact;
    CHECK(split(received, SP2_MSNCD_CONTACT_LIST, &answer) == SP2_OK && answer.len == strlen(received) - 3);
    CHECK(sp2_msncd_answer_decode(answer.ptr, answer.len, SP2_MSNCD_CONTACT_LIST, &lines, &error) == SP2_OK);
    sp2_msncd_lines copy = lines;
    CHECK(sp2_msncd_contact_next(&lines, &contact) == 1 && is(contact.email, "bob@net") && is(contact.status, "online"));
    char nick[9];
    size_t length = 0;
    CHECK(sp2_msncd_nick_decode(contact.encoded_nick, nick, sizeof(nick), &length, &error) == SP2_OK);
    CHECK(length == 9 && memcmp(nick, "Bob & Co.", 9) == 0);
    CHECK(sp2_msncd_nick_decode(contact.encoded_nick, nick, 8, &length, &error) == SP2_BUFFER_TOO_SHORT && error.needed == 9);
    CHECK(sp2_msncd_nick_decode(contact.encoded_nick, NULL, 9, &length, &error) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_nick_decode(contact.encoded_nick, nick, 9, NULL, &error) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_nick_decode((sp2_str){NULL, 1}, nick, 9, &length, &error) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_contact_next(&lines, &contact) == 1 && is(contact.email, "eve@net") && contact.encoded_nick.len == 0);
    CHECK(sp2_msncd_nick_decode(contact.encoded_nick, NULL, 0, &length, &error) == SP2_OK && length == 0);
    CHECK(sp2_msncd_contact_next(&lines, &contact) == 0 && sp2_msncd_contact_next(&lines, &contact) == 0);
    CHECK(sp2_msncd_contact_next(&copy, &contact) == 1 && is(contact.email, "bob@net"));
    CHECK(sp2_msncd_contact_next(NULL, &contact) == 0 && sp2_msncd_contact_next(&copy, NULL) == 0);
    CHECK(decode("CL 0\n", SP2_MSNCD_REVERSE_LIST, &lines) == SP2_OK && sp2_msncd_contact_next(&lines, &contact) == 0);

    sp2_entry attribute;
    const char *attributes = "Nick = Bob\nUrl = a = b\nPhone =\n\n";
    CHECK(split(attributes, SP2_MSNCD_INFO, &answer) == SP2_OK && answer.len == strlen(attributes));
    CHECK(decode(attributes, SP2_MSNCD_INFO, &lines) == SP2_OK);
    CHECK(sp2_msncd_attribute_next(&lines, &attribute) == 1 && is(attribute.key, "Nick") && is(attribute.value, "Bob"));
    CHECK(sp2_msncd_attribute_next(&lines, &attribute) == 1 && is(attribute.key, "Url") && is(attribute.value, "a = b"));
    CHECK(sp2_msncd_attribute_next(&lines, &attribute) == 1 && is(attribute.key, "Phone") && is(attribute.value, ""));
    CHECK(sp2_msncd_attribute_next(&lines, &attribute) == 0 && sp2_msncd_attribute_next(NULL, &attribute) == 0);
    CHECK(decode("\n", SP2_MSNCD_INFO, &lines) == SP2_OK && sp2_msncd_attribute_next(&lines, &attribute) == 0);
}

static void events_are_decoded_one_by_one(void) {
    const char *received = "MSG 3 1 bob@net\nheader\nHello,\nAlice\nSTCH bob@net\nERR 5 oops\nPOLLEND\n";
    sp2_msncd_event event;
    sp2_bytes unit;
    CHECK(split(received, SP2_MSNCD_POLL, &unit) == SP2_OK);
    CHECK(sp2_msncd_event_decode(unit.ptr, unit.len, &event, &error) == SP2_OK && event.type == SP2_MSNCD_EVENT_MESSAGE);
    CHECK(is(event.email, "bob@net") && is(event.header, "header") && is(event.text, "Hello,\nAlice"));
    received += unit.len;
    CHECK(split(received, SP2_MSNCD_POLL, &unit) == SP2_OK);
    CHECK(sp2_msncd_event_decode(unit.ptr, unit.len, &event, &error) == SP2_MALFORMED_LINE && is(error.field, "newstatus"));
    CHECK(event.type == SP2_MSNCD_EVENT_MESSAGE);
    received += unit.len;
    CHECK(split(received, SP2_MSNCD_POLL, &unit) == SP2_OK);
    CHECK(sp2_msncd_event_decode(unit.ptr, unit.len, &event, &error) == SP2_OK && event.type == SP2_MSNCD_EVENT_ERROR && event.code == 5);
    received += unit.len;
    CHECK(split(received, SP2_MSNCD_POLL, &unit) == SP2_OK && unit.len == strlen(received));
    CHECK(sp2_msncd_event_decode(unit.ptr, unit.len, &event, &error) == SP2_OK && event.type == SP2_MSNCD_EVENT_END);
    CHECK(sp2_msncd_event_decode(unit.ptr, unit.len, NULL, &error) == SP2_NULL_POINTER);
    CHECK(sp2_msncd_event_decode(NULL, 1, &event, NULL) == SP2_NULL_POINTER);
}

int main(int count, char **arguments) {
    uint16_t port = count == 2 ? (uint16_t)atoi(arguments[1]) : 0;
    two_users_talk(port);
    misuse_is_an_error(port);
    a_daemon_may_misbehave();
    commands_are_encoded();
    answers_are_split_and_decoded();
    lists_are_read_by_lines();
    events_are_decoded_one_by_one();
    puts("ok");
    return 0;
}
