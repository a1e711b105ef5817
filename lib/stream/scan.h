/* Counts a msgpack value before anybody unpacks it (private to lib/stream). */
#ifndef DSSM_STREAM_SCAN_H
#define DSSM_STREAM_SCAN_H

#include "base/base.h"

enum { SCAN_MAX_DEPTH = 32 };

/* The walk through one value. It may stop for want of bytes and be called again with more: what was walked is not walked again. */
struct scan {
    size_t byte_limit, element_limit;
    int depth_limit;
    size_t pos;                    /* bytes walked */
    size_t need;                   /* after SCAN_MORE: bytes from the value's start that are needed to go on */
    size_t elements;               /* values that were promised so far, keys counted too */
    int depth;                     /* open containers */
    uint64_t left[SCAN_MAX_DEPTH]; /* values still to come in each */
};

enum scan_result { SCAN_BAD = -1, SCAN_MORE = 0, SCAN_DONE = 1 };

void scan_begin(struct scan *s, size_t byte_limit, size_t element_limit, int depth_limit);
/* data: the value's bytes from its start, of which `have` are there. SCAN_DONE: the value is data[0..pos-1].
 * SCAN_BAD: *e tells which bound was broken; nothing was reserved. */
enum scan_result scan_value(struct scan *s, const uint8_t *data, size_t have, struct error *e);

#endif
