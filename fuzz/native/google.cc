// Google's decoder for C++, by the name of a message. src/google.rs has the other side.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "protocol.pb.h"

using google::protobuf::Message;

static const Message *prototype(const char *name) {
    // Makes sure that the schema is there, whose file nothing else names.
    (void)pbnetwork::WrapperMessage::descriptor();
    auto descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
    return descriptor ? google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor) : nullptr;
}

// 0: malformed; 1: a required field is missing; 2: a message. Unless it is malformed, what the
// schema knows of it is written to `canonical`: fields and map keys in ascending order.
extern "C" int google_decode(const char *name, const char *bytes, size_t length, void *target,
                             void (*canonical)(void *, const char *, size_t)) {
    std::unique_ptr<Message> message(prototype(name)->New());
    // Not `ParseFromArray`, which logs what is missing.
    if (!message->ParsePartialFromArray(bytes, static_cast<int>(length))) return 0;
    message->DiscardUnknownFields();
    std::string written;
    {
        google::protobuf::io::StringOutputStream stream(&written);
        google::protobuf::io::CodedOutputStream output(&stream);
        output.SetSerializationDeterministic(true);
        if (!message->SerializePartialToCodedStream(&output)) return 0;
    }
    canonical(target, written.data(), written.size());
    return message->IsInitialized() ? 2 : 1;
}
