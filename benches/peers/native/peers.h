// What the peers in C and C++ share with the Rust side: src/peers/native.rs has the same structures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

struct Span {
    const char *data;
    size_t length;
};

// One message in plain values. Texts and numbers stand at the index of their field number.
struct Plain {
    static constexpr int64_t absent = INT64_MIN;

    int32_t type;
    Span text[12];
    int64_t number[12];
    // Groups, or the settings' names and values in turn.
    const Span *list;
    size_t list_length;
    // Contacts or attachments.
    const Plain *children;
    size_t children_length;

    bool has_text(int field) const { return text[field].data != nullptr; }
    bool has_number(int field) const { return number[field] != absent; }
};

// What is measured: reads the length and the first byte of every string, and every number.
struct Touch {
    uint64_t sum = 0;

    void text(uint32_t, const char *data, size_t length) {
        sum += length + (length == 0 ? 0 : static_cast<unsigned char>(*data));
    }
    void number(uint32_t, int64_t value) { sum += static_cast<uint64_t>(value); }
    void entry(const char *key, size_t key_length, const char *value, size_t value_length) {
        text(1, key, key_length);
        text(2, value, value_length);
    }
    void begin(uint32_t number) { sum += number; }
    void end() {}
};

// All fields, for the Rust side to compare.
struct Record {
    void *target;
    void (*on_text)(void *, uint32_t, Span);
    void (*on_number)(void *, uint32_t, int64_t);
    void (*on_entry)(void *, Span, Span);
    void (*on_begin)(void *, uint32_t);
    void (*on_end)(void *);

    void text(uint32_t number, const char *data, size_t length) { on_text(target, number, {data, length}); }
    void number(uint32_t number, int64_t value) { on_number(target, number, value); }
    void entry(const char *key, size_t key_length, const char *value, size_t value_length) {
        on_entry(target, {key, key_length}, {value, value_length});
    }
    void begin(uint32_t number) { on_begin(target, number); }
    void end() { on_end(target); }
};

class Codec {
public:
    virtual ~Codec() = default;
    virtual void decode(Span stream, Touch &touch) = 0;
    virtual void record(Span stream, Record &record) = 0;
    virtual void prepare(const Plain *messages, size_t count) = 0;
    virtual Span encode() = 0;
    virtual Span build(const Plain *messages, size_t count) = 0;
};

inline uint32_t read_header(const char *data) {
    uint32_t length;
    memcpy(&length, data, sizeof length);
    return __builtin_bswap32(length);
}

inline void write_header(char *data, uint32_t length) {
    length = __builtin_bswap32(length);
    memcpy(data, &length, sizeof length);
}
