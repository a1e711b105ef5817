/* Between msgpack values and ours (private to lib/stream). */
#ifndef DSSM_STREAM_WIRE_H
#define DSSM_STREAM_WIRE_H

#include "stream/stream.h"
#include <msgpack.h>

/* Refuses a map with a key that is no UTF-8 text (str or bin), holds a NUL or occurs twice. */
int wire_check_keys(const msgpack_object *map, struct error *e);
/* The value of a key in a checked map, or NULL. */
const msgpack_object *wire_get(const msgpack_object *map, const char *key);
/* The bytes of a str or bin; false for any other type. */
bool wire_text(const msgpack_object *o, const char **text, size_t *size);
/* True for UTF-8 without NUL. */
bool wire_is_text(const char *text, size_t size);
bool wire_text_is(const msgpack_object *o, const char *text);
/* A message's value as JSON: text, integers below 2^63, finite numbers, booleans, nil, arrays, maps. NULL with e for anything else. */
json_t *wire_to_json(const msgpack_object *o, struct error *e);
void wire_pack_json(msgpack_packer *p, const json_t *j);
void wire_pack_text(msgpack_packer *p, const char *text, bool bin);

/* True if a checked map claims to be an array: its nd is true. */
bool wire_is_array(const msgpack_object *map);
/* The array in a checked map: memory of its own. */
int wire_to_array(const msgpack_object *map, struct array *a, struct error *e);
void wire_pack_array(msgpack_packer *p, const struct array *a, bool bin_keys);

/* The message that a map was unpacked from, and where in the stream it stands. */
struct message {
    const uint8_t *bytes;
    size_t size;
    uint64_t at;
};
/* A record from a checked map (that has no "end" and no "format"). from: for the fields' `at`, or NULL. */
int wire_to_record(const msgpack_object *map, const struct message *from, struct record *rec, struct error *e);
void wire_pack_record(msgpack_packer *p, const struct record *rec, bool bin_keys);

#endif
