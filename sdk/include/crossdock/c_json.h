/* JSON for plugins in plain C: reads documents in place, and writes them into a buffer that grows up to a limit.
 *
 * Reading allocates nothing: a value is a slice of the text that it stands in, and a number's slice is the number as it was
 * written, so that 231.00 stays 231.00. Any bytes may be given; nothing behind the end of a text is read, and what is nested
 * deeper than XD_JSON_DEPTH_MAX counts as malformed. Ask xd_json_valid() once about a text from outside; of a text that is not
 * valid the other functions still read safely, but find what stands before the damage only. When a key stands twice in an object
 * the first one counts.
 *
 * Threads: no state of its own. Lifetime: a slice lives as long as the text that it was found in.
 * C11 and C++20. */
#ifndef CROSSDOCK_C_JSON_H
#define CROSSDOCK_C_JSON_H

#include <crossdock/abi.h>

#include <stdlib.h>
#include <string.h>

#define XD_JSON_DEPTH_MAX 96

typedef enum xd_json_kind {
    XD_JSON_NONE, /* there is no value */
    XD_JSON_NULL,
    XD_JSON_BOOLEAN,
    XD_JSON_NUMBER,
    XD_JSON_STRING,
    XD_JSON_ARRAY,
    XD_JSON_OBJECT
} xd_json_kind;

/* A NUL-ended text as a slice; null is the empty one. */
static inline xd_text xd_text_of(const char* words) {
    xd_text made;
    made.data = words;
    made.size = words == NULL ? 0 : strlen(words);
    return made;
}

/* Whether two texts have the same bytes. */
static inline int xd_text_same(xd_text one, xd_text other) {
    return one.size == other.size && (one.size == 0 || memcmp(one.data, other.data, one.size) == 0);
}

/* ---- Reading. Names that end in an underscore are not for use outside this header. ---- */

static inline const char* xd_json_space_(const char* at, const char* end) {
    while (at != end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r')) { ++at; }
    return at;
}

/* The length of the UTF-8 character (RFC 3629) that the bytes begin with; 0 when there is none. */
static inline size_t xd_json_utf8_(const char* at, const char* end) {
    const size_t left = (size_t)(end - at);
    unsigned char first, second;
    size_t length, i;
    if (left == 0) { return 0; }
    first = (unsigned char)at[0];
    if (first < 0x80) { return 1; }
    length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || left < length) { return 0; }
    for (i = 1; i < length; ++i) {
        if (((unsigned char)at[i] & 0xC0) != 0x80) { return 0; }
    }
    second = (unsigned char)at[1];
    /* Overlong forms, UTF-16 surrogates and what lies beyond U+10FFFF. */
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) || (first == 0xF0 && second < 0x90) ||
        (first == 0xF4 && second > 0x8F)) {
        return 0;
    }
    return length;
}

/* Four hex digits; -1 when there are none. */
static inline int32_t xd_json_hex4_(const char* at, const char* end) {
    int32_t value = 0;
    int i;
    if (end - at < 4) { return -1; }
    for (i = 0; i < 4; ++i) {
        const char c = at[i];
        const int digit = c >= '0' && c <= '9'   ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
        if (digit < 0) { return -1; }
        value = value * 16 + digit;
    }
    return value;
}

static inline size_t xd_json_encode_(uint32_t code, char out[4]) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0U | (code >> 6));
        out[1] = (char)(0x80U | (code & 0x3FU));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xE0U | (code >> 12));
        out[1] = (char)(0x80U | ((code >> 6) & 0x3FU));
        out[2] = (char)(0x80U | (code & 0x3FU));
        return 3;
    }
    out[0] = (char)(0xF0U | (code >> 18));
    out[1] = (char)(0x80U | ((code >> 12) & 0x3FU));
    out[2] = (char)(0x80U | ((code >> 6) & 0x3FU));
    out[3] = (char)(0x80U | (code & 0x3FU));
    return 4;
}

/* Behind the backslash: moves past the escape and gives what it stands for; 0 when it is malformed. */
static inline size_t xd_json_escape_(const char** at, const char* end, char out[4]) {
    static const char names[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";
    int32_t code, low;
    const char* found;
    if (*at == end) { return 0; }
    if (**at != 'u') {
        found = **at == '\0' ? NULL : strchr(names, **at);
        if (found == NULL) { return 0; }
        out[0] = meant[found - names];
        ++*at;
        return 1;
    }
    ++*at;
    code = xd_json_hex4_(*at, end);
    if (code < 0 || (code >= 0xDC00 && code <= 0xDFFF)) { return 0; }
    *at += 4;
    if (code >= 0xD800 && code <= 0xDBFF) {
        if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u') { return 0; }
        low = xd_json_hex4_(*at + 2, end);
        if (low < 0xDC00 || low > 0xDFFF) { return 0; }
        *at += 6;
        code = 0x10000 + (code - 0xD800) * 0x400 + (low - 0xDC00);
    }
    return xd_json_encode_((uint32_t)code, out);
}

/* One character of a string's inside: moves past it and gives its UTF-8; 0 when it is malformed. */
static inline size_t xd_json_character_(const char** at, const char* end, char out[4]) {
    size_t length;
    if (*at == end || (unsigned char)**at < 0x20) { return 0; }
    if (**at == '\\') {
        ++*at;
        return xd_json_escape_(at, end, out);
    }
    length = xd_json_utf8_(*at, end);
    memcpy(out, *at, length);
    *at += length;
    return length;
}

/* Each of these moves `at` past something that begins there, and answers 0 when it is not well-formed. */
static inline int xd_json_pass_string_(const char** at, const char* end) {
    char ignored[4];
    if (*at == end || **at != '"') { return 0; }
    ++*at;
    while (*at != end && **at != '"') {
        if (xd_json_character_(at, end, ignored) == 0) { return 0; }
    }
    if (*at == end) { return 0; }
    ++*at;
    return 1;
}

static inline int xd_json_pass_digits_(const char** at, const char* end) {
    const char* const begin = *at;
    while (*at != end && **at >= '0' && **at <= '9') { ++*at; }
    return *at != begin;
}

static inline int xd_json_pass_number_(const char** at, const char* end) {
    const char* first;
    if (*at != end && **at == '-') { ++*at; }
    first = *at;
    if (!xd_json_pass_digits_(at, end) || (*first == '0' && *at - first > 1)) { return 0; }
    if (*at != end && **at == '.') {
        ++*at;
        if (!xd_json_pass_digits_(at, end)) { return 0; }
    }
    if (*at != end && (**at == 'e' || **at == 'E')) {
        ++*at;
        if (*at != end && (**at == '+' || **at == '-')) { ++*at; }
        if (!xd_json_pass_digits_(at, end)) { return 0; }
    }
    return 1;
}

static inline int xd_json_pass_word_(const char** at, const char* end, const char* word) {
    const size_t size = strlen(word);
    if ((size_t)(end - *at) < size || memcmp(*at, word, size) != 0) { return 0; }
    *at += size;
    return 1;
}

static inline int xd_json_pass_value_(const char** at, const char* end, int depth);

/* An array or an object. */
static inline int xd_json_pass_container_(const char** at, const char* end, int depth) {
    const char close = **at == '{' ? '}' : ']';
    if (depth >= XD_JSON_DEPTH_MAX) { return 0; }
    ++*at;
    *at = xd_json_space_(*at, end);
    if (*at != end && **at == close) {
        ++*at;
        return 1;
    }
    for (;;) {
        *at = xd_json_space_(*at, end);
        if (close == '}') {
            if (!xd_json_pass_string_(at, end)) { return 0; }
            *at = xd_json_space_(*at, end);
            if (*at == end || **at != ':') { return 0; }
            ++*at;
            *at = xd_json_space_(*at, end);
        }
        if (!xd_json_pass_value_(at, end, depth + 1)) { return 0; }
        *at = xd_json_space_(*at, end);
        if (*at == end || (**at != ',' && **at != close)) { return 0; }
        if (*(*at)++ == close) { return 1; }
    }
}

static inline int xd_json_pass_value_(const char** at, const char* end, int depth) {
    if (*at == end) { return 0; }
    switch (**at) {
        case '{':
        case '[': return xd_json_pass_container_(at, end, depth);
        case '"': return xd_json_pass_string_(at, end);
        case 't': return xd_json_pass_word_(at, end, "true");
        case 'f': return xd_json_pass_word_(at, end, "false");
        case 'n': return xd_json_pass_word_(at, end, "null");
        default: return xd_json_pass_number_(at, end);
    }
}

/* The value that begins at `at`, as a slice; empty when none does. */
static inline xd_text xd_json_slice_(const char* at, const char* end) {
    xd_text made;
    const char* const begin = at;
    made.data = NULL;
    made.size = 0;
    if (xd_json_pass_value_(&at, end, 0)) {
        made.data = begin;
        made.size = (size_t)(at - begin);
    }
    return made;
}

/* Whether the text is one JSON document (RFC 8259) in UTF-8, and nothing else. */
static inline int xd_json_valid(xd_text json) {
    const char *at, *end;
    if (json.size == 0) { return 0; }
    end = json.data + json.size;
    at = xd_json_space_(json.data, end);
    return xd_json_pass_value_(&at, end, 0) && xd_json_space_(at, end) == end;
}

/* What a value is, by its first character: of a slice that a function here answered, or of a valid text. */
static inline xd_json_kind xd_json_kind_of(xd_text value) {
    const char *at, *end;
    if (value.size == 0) { return XD_JSON_NONE; }
    end = value.data + value.size;
    at = xd_json_space_(value.data, end);
    if (at == end) { return XD_JSON_NONE; }
    switch (*at) {
        case '{': return XD_JSON_OBJECT;
        case '[': return XD_JSON_ARRAY;
        case '"': return XD_JSON_STRING;
        case 't':
        case 'f': return XD_JSON_BOOLEAN;
        case 'n': return XD_JSON_NULL;
        default: return *at == '-' || (*at >= '0' && *at <= '9') ? XD_JSON_NUMBER : XD_JSON_NONE;
    }
}

/* Walks the items of an array, or the members of an object:
 *
 *     xd_json_items items = xd_json_items_of(list);
 *     xd_text item;
 *     while (xd_json_next(&items, NULL, &item)) { ... }
 */
typedef struct xd_json_items {
    const char* at;
    const char* end;
    char close;    /* what ends the container; 0: the walk is over */
    int first;     /* no item was read yet */
    int malformed; /* the walk ended because what follows is not JSON */
} xd_json_items;

/* A value of another kind has no items. */
static inline xd_json_items xd_json_items_of(xd_text container) {
    const xd_json_kind kind = xd_json_kind_of(container);
    xd_json_items made;
    memset(&made, 0, sizeof(made));
    if (kind != XD_JSON_ARRAY && kind != XD_JSON_OBJECT) { return made; }
    made.end = container.data + container.size;
    made.at = xd_json_space_(container.data, made.end) + 1;
    made.close = kind == XD_JSON_OBJECT ? '}' : ']';
    made.first = 1;
    return made;
}

static inline int xd_json_stop_(xd_json_items* items, int malformed) {
    items->close = 0;
    items->malformed = malformed;
    return 0;
}

/* 1 and the next value; 0 when there is none. `key`, which may be null, gets a member's key as a string value, quotes included:
 * compare it with xd_json_is, decode it with xd_json_string. In an array it becomes empty. */
static inline int xd_json_next(xd_json_items* items, xd_text* key, xd_text* value) {
    xd_text name = {NULL, 0};
    if (items->close == 0) { return 0; }
    items->at = xd_json_space_(items->at, items->end);
    if (items->at == items->end) { return xd_json_stop_(items, 1); }
    if (*items->at == items->close) { return xd_json_stop_(items, 0); }
    if (!items->first) {
        if (*items->at != ',') { return xd_json_stop_(items, 1); }
        items->at = xd_json_space_(items->at + 1, items->end);
    }
    if (items->close == '}') {
        name.data = items->at;
        if (!xd_json_pass_string_(&items->at, items->end)) { return xd_json_stop_(items, 1); }
        name.size = (size_t)(items->at - name.data);
        items->at = xd_json_space_(items->at, items->end);
        if (items->at == items->end || *items->at != ':') { return xd_json_stop_(items, 1); }
        items->at = xd_json_space_(items->at + 1, items->end);
    }
    *value = xd_json_slice_(items->at, items->end);
    if (value->size == 0) { return xd_json_stop_(items, 1); }
    items->at += value->size;
    items->first = 0;
    if (key != NULL) { *key = name; }
    return 1;
}

/* Whether a value is a string of exactly that content; escapes count as what they stand for. */
static inline int xd_json_is(xd_text value, xd_text content) {
    const char *at, *end;
    size_t same = 0, length;
    char character[4];
    if (xd_json_kind_of(value) != XD_JSON_STRING) { return 0; }
    end = value.data + value.size;
    at = xd_json_space_(value.data, end) + 1;
    while (at != end && *at != '"') {
        length = xd_json_character_(&at, end, character);
        if (length == 0 || content.size - same < length || memcmp(content.data + same, character, length) != 0) { return 0; }
        same += length;
    }
    return at != end && same == content.size;
}

/* Whether a string value has the content that a token of a JSON pointer means. */
static inline int xd_json_is_token_(xd_text value, const char* token, size_t size) {
    const char* at = value.data + 1;
    const char* const end = value.data + value.size;
    size_t i = 0, length, k;
    char character[4];
    while (at != end && *at != '"') {
        length = xd_json_character_(&at, end, character);
        if (length == 0) { return 0; }
        for (k = 0; k < length; ++k) {
            char expected;
            if (i >= size) { return 0; }
            expected = token[i++];
            if (expected == '~' && i < size && (token[i] == '0' || token[i] == '1')) { expected = token[i++] == '0' ? '~' : '/'; }
            if (expected != character[k]) { return 0; }
        }
    }
    return i == size;
}

/* The item that a token of a JSON pointer names in a container; empty when there is none. */
static inline xd_text xd_json_step_(xd_text container, const char* token, size_t size) {
    const xd_text nothing = {NULL, 0};
    xd_json_items items = xd_json_items_of(container);
    xd_text key, value;
    size_t wanted = 0, index, i;
    if (items.close == '}') {
        while (xd_json_next(&items, &key, &value)) {
            if (xd_json_is_token_(key, token, size)) { return value; }
        }
        return nothing;
    }
    if (size == 0 || size > 9 || (token[0] == '0' && size > 1)) { return nothing; }
    for (i = 0; i < size; ++i) {
        if (token[i] < '0' || token[i] > '9') { return nothing; }
        wanted = wanted * 10 + (size_t)(token[i] - '0');
    }
    for (index = 0; xd_json_next(&items, NULL, &value); ++index) {
        if (index == wanted) { return value; }
    }
    return nothing;
}

/* The value at a JSON pointer (RFC 6901), for example "/order/items/0/sku"; "" is the document itself. Empty when there is none,
 * which is not the same as null: see xd_json_kind_of. */
static inline xd_text xd_json_at(xd_text json, const char* pointer) {
    const xd_text nothing = {NULL, 0};
    const char* const end = json.size == 0 ? json.data : json.data + json.size;
    xd_text here;
    size_t size;
    if (json.size == 0) { return nothing; }
    if (*pointer == '\0') { return xd_json_slice_(xd_json_space_(json.data, end), end); }
    here = json;
    while (*pointer == '/' && here.size != 0) {
        ++pointer;
        size = strcspn(pointer, "/");
        here = xd_json_step_(here, pointer, size);
        pointer += size;
    }
    return *pointer == '\0' ? here : nothing;
}

typedef enum xd_json_decoded {
    XD_JSON_DECODED,
    XD_JSON_NO_STRING, /* the value is none, or is malformed */
    XD_JSON_TOO_LONG   /* it is one; the buffer must be larger than `size` */
} xd_json_decoded;

/* Decodes a string value into `buffer`, UTF-8, with a NUL behind it. `size`, which may be null, gets the content's length without
 * that NUL; a content may hold NUL bytes itself. Unless it answers XD_JSON_DECODED, the buffer holds an empty text. */
static inline xd_json_decoded xd_json_string(xd_text value, char* buffer, size_t room, size_t* size) {
    const char *at, *end;
    size_t written = 0, length;
    char character[4];
    if (room > 0) { buffer[0] = '\0'; }
    if (size != NULL) { *size = 0; }
    if (xd_json_kind_of(value) != XD_JSON_STRING) { return XD_JSON_NO_STRING; }
    end = value.data + value.size;
    at = xd_json_space_(value.data, end) + 1;
    while (at != end && *at != '"') {
        length = xd_json_character_(&at, end, character);
        if (length == 0) {
            if (room > 0) { buffer[0] = '\0'; }
            return XD_JSON_NO_STRING;
        }
        if (written + length < room) { memcpy(buffer + written, character, length); }
        written += length;
    }
    if (at == end) {
        if (room > 0) { buffer[0] = '\0'; }
        return XD_JSON_NO_STRING;
    }
    if (size != NULL) { *size = written; }
    if (written >= room) {
        if (room > 0) { buffer[0] = '\0'; }
        return XD_JSON_TOO_LONG;
    }
    buffer[written] = '\0';
    return XD_JSON_DECODED;
}

/* 1 and the value of a number without fraction and exponent that fits 64 bits; else 0. */
static inline int xd_json_integer(xd_text value, int64_t* integer) {
    uint64_t sum = 0;
    size_t i = 0;
    int negative;
    if (xd_json_kind_of(value) != XD_JSON_NUMBER) { return 0; }
    negative = value.data[0] == '-';
    if (negative) { ++i; }
    if (i == value.size) { return 0; }
    for (; i < value.size; ++i) {
        const char c = value.data[i];
        if (c < '0' || c > '9' || sum > UINT64_MAX / 10) { return 0; }
        if (sum * 10 > UINT64_MAX - (uint64_t)(c - '0')) { return 0; }
        sum = sum * 10 + (uint64_t)(c - '0');
    }
    if (sum > (uint64_t)INT64_MAX + (uint64_t)negative) { return 0; }
    *integer = !negative ? (int64_t)sum : sum > (uint64_t)INT64_MAX ? INT64_MIN : -(int64_t)sum;
    return 1;
}

/* 1 when the value is `true`. */
static inline int xd_json_true(xd_text value) {
    return value.size == 4 && memcmp(value.data, "true", 4) == 0;
}

/* ---- Writing ---- */

typedef enum xd_json_trouble {
    XD_JSON_WELL,
    XD_JSON_FULL,      /* the document would be longer than the limit */
    XD_JSON_NO_MEMORY, /* realloc failed */
    XD_JSON_MISUSED    /* a member without key, a key in an array, two documents, more ends than begins, too deep */
} xd_json_trouble;

/* Writes one document. A failure is kept, and all later calls do nothing: look at the end, once, with xd_json_written.
 *
 *     xd_json_writer writer;
 *     xd_json_init(&writer, 64 * 1024);
 *     xd_json_begin_object(&writer, NULL);
 *     xd_json_add_string(&writer, "reference", reference);
 *     xd_json_end(&writer);
 *     ... xd_json_written(&writer) ...
 *     xd_json_free(&writer);
 *
 * `key` names the member, in UTF-8 and NUL-ended; in an array, and for the document itself, it is null.
 * Ownership: the writer owns its memory, from the first text written to xd_json_free. */
typedef struct xd_json_writer {
    char* data;
    size_t size;
    size_t room;
    size_t size_max;
    xd_json_trouble trouble;
    int depth;
    char closes[XD_JSON_DEPTH_MAX];   /* what ends each open container */
    char has_item[XD_JSON_DEPTH_MAX]; /* it has one already */
} xd_json_writer;

/* `size_max`: how many bytes the document may have at most. */
static inline void xd_json_init(xd_json_writer* writer, size_t size_max) {
    memset(writer, 0, sizeof(*writer));
    writer->size_max = size_max;
}

/* Frees what the writer holds; it may be initialized again afterwards. */
static inline void xd_json_free(xd_json_writer* writer) {
    free(writer->data);
    memset(writer, 0, sizeof(*writer));
}

static inline void xd_json_put_(xd_json_writer* writer, const char* data, size_t size) {
    if (writer->trouble != XD_JSON_WELL || size == 0) { return; }
    if (size > writer->size_max - writer->size) {
        writer->trouble = XD_JSON_FULL;
        return;
    }
    if (size > writer->room - writer->size) {
        size_t room = writer->room < 256 ? 256 : writer->room;
        char* grown;
        while (room - writer->size < size) { room = room > SIZE_MAX / 2 ? SIZE_MAX : room * 2; }
        if (room > writer->size_max) { room = writer->size_max; }
        grown = (char*)realloc(writer->data, room);
        if (grown == NULL) {
            writer->trouble = XD_JSON_NO_MEMORY;
            return;
        }
        writer->data = grown;
        writer->room = room;
    }
    memcpy(writer->data + writer->size, data, size);
    writer->size += size;
}

static inline void xd_json_put_string_(xd_json_writer* writer, xd_text content) {
    static const char digits[] = "0123456789abcdef";
    const char* at = content.data;
    const char* const end = content.size == 0 ? content.data : content.data + content.size;
    xd_json_put_(writer, "\"", 1);
    while (at != end) {
        const unsigned char c = (unsigned char)*at;
        const size_t length = xd_json_utf8_(at, end);
        char escaped[6] = {'\\', 'u', '0', '0', '0', '0'};
        if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t') {
            escaped[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : (char)c;
            xd_json_put_(writer, escaped, 2);
        }
        else if (c < 0x20) {
            escaped[4] = digits[c >> 4];
            escaped[5] = digits[c & 15];
            xd_json_put_(writer, escaped, 6);
        }
        else if (length == 0) { xd_json_put_(writer, "\xEF\xBF\xBD", 3); }
        else { xd_json_put_(writer, at, length); }
        at += length == 0 ? 1 : length;
    }
    xd_json_put_(writer, "\"", 1);
}

/* What stands before a value: the comma, and a member's key. */
static inline void xd_json_before_(xd_json_writer* writer, const char* key) {
    const int top = writer->depth - 1;
    if (writer->trouble != XD_JSON_WELL) { return; }
    if ((key != NULL) != (top >= 0 && writer->closes[top] == '}') || (top < 0 && writer->size > 0)) {
        writer->trouble = XD_JSON_MISUSED;
        return;
    }
    if (top < 0) { return; }
    if (writer->has_item[top]) { xd_json_put_(writer, ",", 1); }
    writer->has_item[top] = 1;
    if (key == NULL) { return; }
    xd_json_put_string_(writer, xd_text_of(key));
    xd_json_put_(writer, ":", 1);
}

static inline void xd_json_begin_(xd_json_writer* writer, const char* key, const char* open, char close) {
    xd_json_before_(writer, key);
    if (writer->trouble != XD_JSON_WELL) { return; }
    if (writer->depth == XD_JSON_DEPTH_MAX) {
        writer->trouble = XD_JSON_MISUSED;
        return;
    }
    xd_json_put_(writer, open, 1);
    writer->closes[writer->depth] = close;
    writer->has_item[writer->depth] = 0;
    ++writer->depth;
}

static inline void xd_json_begin_object(xd_json_writer* writer, const char* key) {
    xd_json_begin_(writer, key, "{", '}');
}

static inline void xd_json_begin_array(xd_json_writer* writer, const char* key) {
    xd_json_begin_(writer, key, "[", ']');
}

/* Ends the object or array that was begun last. */
static inline void xd_json_end(xd_json_writer* writer) {
    if (writer->trouble != XD_JSON_WELL) { return; }
    if (writer->depth == 0) {
        writer->trouble = XD_JSON_MISUSED;
        return;
    }
    --writer->depth;
    xd_json_put_(writer, &writer->closes[writer->depth], 1);
}

/* A string of that content; bytes that are no UTF-8 become U+FFFD, so that the document is always JSON. */
static inline void xd_json_add_string(xd_json_writer* writer, const char* key, xd_text content) {
    xd_json_before_(writer, key);
    xd_json_put_string_(writer, content);
}

static inline void xd_json_add_integer(xd_json_writer* writer, const char* key, int64_t integer) {
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t left = integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    if (integer < 0) { digits[--at] = '-'; }
    xd_json_before_(writer, key);
    xd_json_put_(writer, digits + at, sizeof(digits) - at);
}

static inline void xd_json_add_boolean(xd_json_writer* writer, const char* key, int boolean) {
    xd_json_before_(writer, key);
    xd_json_put_(writer, boolean ? "true" : "false", boolean ? 4 : 5);
}

/* A value as it stands in another document, numbers as they were written: what xd_json_at or xd_json_next answered. An empty one
 * adds nothing, so that a member that was not there is left out. */
static inline void xd_json_add_raw(xd_json_writer* writer, const char* key, xd_text value) {
    if (value.size == 0) { return; }
    xd_json_before_(writer, key);
    xd_json_put_(writer, value.data, value.size);
}

/* The document; empty while it is not whole, or when something failed: see `trouble`. Lifetime: until the next call that writes,
 * or frees. */
static inline xd_text xd_json_written(const xd_json_writer* writer) {
    xd_text made;
    const int whole = writer->trouble == XD_JSON_WELL && writer->depth == 0;
    made.data = whole ? writer->data : NULL;
    made.size = whole ? writer->size : 0;
    return made;
}

#endif
