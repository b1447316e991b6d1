// A backend that reads and writes as Spectrum's C++ plugin library does, for the bench to compare with:
// what is received is appended to one string in pieces of 64 KiB at most, and each frame is copied out and
// erased from its front; a message is a new object, serialized to a string, that in a wrapper to another
// one, and the header and that to a third. It writes what it has to say once for each read.
//
//   plugin FRAMES [answers] --host HOST --port PORT ...
//
// Ends with status 0 after EXIT, when it received as many frames as it was told, beside PING and EXIT.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>
#include <string>

#include "protocol.pb.h"

using pbnetwork::WrapperMessage;

namespace {

constexpr size_t read_size = 64 << 10;

int connect_to(const std::string &host, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    int yes = 1;
    if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1 ||
        connect(descriptor, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0 ||
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) {
        throw std::runtime_error("cannot connect");
    }
    return descriptor;
}

class Backend {
public:
    Backend(int descriptor, bool answers) : descriptor(descriptor), answers(answers) {}

    // Until EXIT; gives the number of messages and notifications.
    size_t run() {
        std::string piece(read_size, '\0');
        while (!ended) {
            ssize_t length = read(descriptor, &piece[0], piece.size());
            if (length <= 0) throw std::runtime_error("the connection ended without EXIT");
            received += std::string(piece.data(), static_cast<size_t>(length));
            while (handle_frame()) {
            }
            flush();
        }
        return frames;
    }

private:
    int descriptor;
    bool answers;
    bool ended = false;
    size_t frames = 0;
    std::string received;
    std::string output;

    bool handle_frame() {
        uint32_t length;
        if (received.size() < sizeof length) return false;
        memcpy(&length, received.data(), sizeof length);
        length = ntohl(length);
        if (received.size() - sizeof length < length) return false;
        WrapperMessage wrapper;
        if (!wrapper.ParseFromArray(received.data() + sizeof length, static_cast<int>(length))) {
            throw std::runtime_error("a malformed frame");
        }
        received.erase(received.begin(), received.begin() + sizeof length + length);
        handle(wrapper);
        return true;
    }

    void handle(const WrapperMessage &wrapper) {
        switch (wrapper.type()) {
        case WrapperMessage::TYPE_PING:
            send(WrapperMessage::TYPE_PONG, "");
            break;
        case WrapperMessage::TYPE_EXIT:
            ended = true;
            break;
        case WrapperMessage::TYPE_BUDDY_TYPING: {
            pbnetwork::Buddy buddy;
            if (!buddy.ParseFromString(wrapper.payload())) throw std::runtime_error("a malformed payload");
            typing(buddy.username(), buddy.buddyname());
            break;
        }
        case WrapperMessage::TYPE_CONV_MESSAGE: {
            pbnetwork::ConversationMessage message;
            if (!message.ParseFromString(wrapper.payload())) throw std::runtime_error("a malformed payload");
            say_back(message.username(), message.buddyname(), message.message());
            break;
        }
        default:
            throw std::runtime_error("a type that the bench does not send");
        }
    }

    void typing(const std::string &, const std::string &) { frames++; }

    void say_back(const std::string &user, const std::string &buddy, const std::string &text) {
        frames++;
        if (!answers) return;
        pbnetwork::ConversationMessage message;
        message.set_username(user);
        message.set_buddyname(buddy);
        message.set_message(text);
        std::string payload;
        message.SerializeToString(&payload);
        send(WrapperMessage::TYPE_CONV_MESSAGE, payload);
    }

    void send(WrapperMessage::Type type, const std::string &payload) {
        WrapperMessage wrapper;
        wrapper.set_type(type);
        if (!payload.empty()) wrapper.set_payload(payload);
        std::string body;
        wrapper.SerializeToString(&body);
        uint32_t length = htonl(static_cast<uint32_t>(body.size()));
        char header[sizeof length];
        memcpy(header, &length, sizeof length);
        output += std::string(header, sizeof header) + body;
    }

    void flush() {
        for (size_t start = 0; start < output.size();) {
            ssize_t written = write(descriptor, output.data() + start, output.size() - start);
            if (written < 0) throw std::runtime_error("cannot write");
            start += static_cast<size_t>(written);
        }
        output.clear();
    }
};

} // namespace

int main(int count, char **arguments) {
    size_t expected = count > 1 ? std::stoul(arguments[1]) : 0;
    bool answers = false;
    std::string host;
    int port = 0;
    for (int i = 2; i < count; i++) {
        std::string argument = arguments[i];
        if (argument == "answers") answers = true;
        if (i + 1 < count && argument == "--host") host = arguments[i + 1];
        if (i + 1 < count && argument == "--port") port = std::stoi(arguments[i + 1]);
    }
    return Backend(connect_to(host, port), answers).run() == expected ? 0 : 1;
}
