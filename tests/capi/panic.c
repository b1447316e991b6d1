/* A panic inside of the library, as C sees it: an error of the call. The library is built with
   `--cfg spectrum2_planted`, and panics when it decodes an empty body, and when a client waits for
   no time. */

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "spectrum2.h"

static void a_codec_goes_on(void) {
    static const uint8_t ping[] = {0x08, 0x09};
    sp2_payload payload;
    sp2_error error;
    CHECK(sp2_decode(ping, 0, &payload, &error) == SP2_PANIC);
    CHECK(error.code == SP2_PANIC && strcmp(error.text, sp2_strerror(SP2_PANIC)) == 0);
    CHECK(sp2_decode(ping, 0, &payload, NULL) == SP2_PANIC);
    CHECK(sp2_decode(ping, sizeof(ping), &payload, &error) == SP2_OK && payload.type == SP2_TYPE_PING);
}

static void a_client_can_only_be_freed(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(address);
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    sp2_client *client;
    sp2_payload payload;
    sp2_error error;
    CHECK(sp2_client_connect_to(sp2_str_of("127.0.0.1"), ntohs(address.sin_port), &client, &error) == SP2_OK);
    CHECK(sp2_client_next(client, 0, &payload, &error) == SP2_PANIC && error.code == SP2_PANIC);
    CHECK(sp2_client_set_ping_timeout(client, 1, &error) == SP2_CLOSED);
    CHECK(sp2_client_next(client, 1, &payload, &error) == SP2_CLOSED);
    CHECK(sp2_client_free(client) == SP2_OK);
    close(listener);
}

int main(void) {
    a_codec_goes_on();
    a_client_can_only_be_freed();
    puts("ok");
    return 0;
}
