// The calls of the Rust side.
#include <exception>

#include "peers.h"

extern "C" {
uint64_t native_decode(Codec *codec, Span stream) {
    Touch touch;
    codec->decode(stream, touch);
    return touch.sum;
}

// Whether all frames were well-formed.
bool native_record(Codec *codec, Span stream, Record record) {
    try {
        codec->record(stream, record);
        return true;
    } catch (const std::exception &) {
        return false;
    }
}

void native_prepare(Codec *codec, const Plain *messages, size_t count) { codec->prepare(messages, count); }

Span native_encode(Codec *codec) { return codec->encode(); }

Span native_build(Codec *codec, const Plain *messages, size_t count) { return codec->build(messages, count); }

void native_delete(Codec *codec) { delete codec; }
}
