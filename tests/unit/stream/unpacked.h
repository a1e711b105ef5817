/* msgpack bytes as an object, for the tests of this folder. */
#ifndef UNPACKED_H
#define UNPACKED_H

#include "base/base.h"
#include <msgpack.h>

/* The object lives until msgpack_zone_destroy. */
static inline msgpack_object unpacked(msgpack_zone *zone, const char *bytes, size_t n)
{
    msgpack_object o;
    size_t at = 0;
    msgpack_zone_init(zone, 2048);
    if (msgpack_unpack(bytes, n, &at, zone, &o) != MSGPACK_UNPACK_SUCCESS)
        bug("the test's bytes are no msgpack");
    return o;
}

#endif
