/* The msncd client through the C ABI: two users of the example daemon, one of them over a descriptor, and
   a daemon that misbehaves. tests/capi_codec.rs runs it, with the daemon's port. */

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

int main(int count, char **arguments) {
    uint16_t port = count == 2 ? (uint16_t)atoi(arguments[1]) : 0;
    two_users_talk(port);
    misuse_is_an_error(port);
    a_daemon_may_misbehave();
    puts("ok");
    return 0;
}
