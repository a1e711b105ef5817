#!/usr/bin/env node
// Reads a stream (formats/stream.md) without any package and prints a summary.
// usage: node read_stream.js [FILE]      or, from JavaScript:  for (const record of new Stream(buffer).records()) …
// An array becomes { shape, data }, data a typed array.
"use strict";
const fs = require("fs");

const TYPES = { "<f4": Float32Array, "<f8": Float64Array, "<i4": Int32Array, "<i8": BigInt64Array, "<u2": Uint16Array,
                "|u1": Uint8Array, "|b1": Uint8Array };

const CRC = new Uint32Array(256).map((_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n;
});

function crc32(bytes) {
    let c = 0xffffffff;
    for (const b of bytes) c = CRC[(c ^ b) & 255] ^ (c >>> 8);
    return (c ^ 0xffffffff) >>> 0;
}

const refuse = (text, status = 3) => { throw Object.assign(new Error(text), { status }); };

class Stream {
    constructor(buffer) { this.buffer = buffer; this.at = 0; this.count = 0; }
    // The next n bytes, as a view.
    take(n) {
        if (this.at + n - this.start > 64 << 20) refuse("S2: a message of more than 64 MiB");
        if (this.at + n > this.buffer.length) refuse(`ended after record ${this.count}, before its trailer`, 5);
        return this.buffer.subarray(this.at, (this.at += n));
    }
    length(n) { return this.take(n).readUIntBE(0, n); }
    message() {
        this.start = this.at;
        const c = this.take(1)[0];
        if ((c & 0xf0) !== 0x80 && c !== 0xde && c !== 0xdf) refuse("S1: expected a map");
        return this.value(c, 1);
    }
    value(c, depth) {
        if (depth > 32) refuse("S2: nested too deeply");
        if (c < 0x80) return c;
        if (c >= 0xe0) return c - 256;
        if (c < 0x90) return this.map(c & 15, depth);
        if (c < 0xa0) return this.list(c & 15, depth);
        if (c < 0xc0) return this.text(c & 31);
        switch (c) {
        case 0xc0: return null;
        case 0xc2: case 0xc3: return c === 0xc3;
        case 0xc4: case 0xc5: case 0xc6: return this.take(this.length(1 << (c - 0xc4)));
        case 0xc7: case 0xc8: case 0xc9: return { ext: this.take(this.length(1 << (c - 0xc7)) + 1) };
        case 0xca: case 0xcb: return c === 0xca ? this.take(4).readFloatBE() : this.take(8).readDoubleBE();
        case 0xcc: case 0xcd: case 0xce: return this.length(1 << (c - 0xcc));
        case 0xcf: return this.take(8).readBigUInt64BE();
        case 0xd0: case 0xd1: case 0xd2: return this.take(1 << (c - 0xd0)).readIntBE(0, 1 << (c - 0xd0));
        case 0xd3: return this.take(8).readBigInt64BE();
        case 0xd4: case 0xd5: case 0xd6: case 0xd7: case 0xd8: return { ext: this.take((1 << (c - 0xd4)) + 1) };
        case 0xd9: case 0xda: case 0xdb: return this.text(this.length(1 << (c - 0xd9)));
        case 0xdc: case 0xdd: return this.list(this.length(2 << (c - 0xdc)), depth);
        case 0xde: case 0xdf: return this.map(this.length(2 << (c - 0xde)), depth);
        default: return refuse(`byte 0x${c.toString(16)} begins no msgpack value`);
        }
    }
    text(n) { return new TextDecoder("utf-8", { fatal: true }).decode(this.take(n)); }
    list(n, depth) {
        if (n > 1 << 20) refuse("S2: too many elements");
        const result = []; // grows as elements come: n is only a claim
        for (let i = 0; i < n; i++) result.push(this.value(this.take(1)[0], depth + 1));
        return result;
    }
    map(n, depth) {
        if (n > 1 << 19) refuse("S2: too many elements");
        const result = new Map();
        for (let i = 0; i < n; i++) {
            let key = this.value(this.take(1)[0], depth + 1);
            if (Buffer.isBuffer(key)) key = key.toString();
            if (typeof key !== "string" || result.has(key)) refuse("S3: a key that is no text, or twice");
            result.set(key, this.value(this.take(1)[0], depth + 1));
        }
        return result.get("nd") === true ? toArray(result) : result;
    }
    // Yields the records; this.header is there from the first on.
    *records() {
        this.header = this.message();
        if (this.header.get("format") !== "dssm-stream" || this.header.get("version") !== 1) refuse("S4: no header of a stream of version 1");
        for (;;) {
            const before = this.at, m = this.message();
            if (m.has("end")) return this.trailer(m, before);
            if (m.has("format") || !m.has("id")) refuse("S1, S12: a record without id, or a header before the trailer");
            this.count++;
            yield m;
        }
    }
    trailer(m, before) {
        if (m.get("end") !== true || m.get("records") !== this.count) refuse("S19: the trailer does not fit the records");
        if (m.get("crc32") !== crc32(this.buffer.subarray(0, before))) refuse("S20: wrong checksum");
        if (this.at < this.buffer.length) refuse("S21: data follow the trailer");
    }
}

// S8 to S11. The bytes are copied: in the message they are not aligned, and typed arrays must be.
function toArray(m) {
    const kind = m.get("kind"), type = TYPES[m.get("type")], shape = m.get("shape"), data = m.get("data");
    if (kind === undefined || kind === null || kind.length !== 0 || !type) refuse("S8, S9: an array of an unknown kind or type");
    if (!Array.isArray(shape) || !Buffer.isBuffer(data) || !shape.every((n) => Number.isInteger(n) && n >= 0) ||
        shape.reduce((a, b) => a * b, type.BYTES_PER_ELEMENT) !== data.length) refuse("S10: shape and data do not fit");
    const copy = new Uint8Array(data);
    return { shape, data: new type(copy.buffer) };
}

function main() {
    let records = 0, steps = 0, sum = 0;
    try {
        for (const record of new Stream(fs.readFileSync(process.argv[2] || 0)).records()) {
            const x = record.get("x");
            records++;
            steps += x ? x.shape[0] : 0;
            for (const v of x ? x.data : []) sum += Number.isFinite(Number(v)) ? Number(v) : 0;
        }
    } catch (e) {
        console.error(`read_stream.js: ${e.message}`);
        process.exit(e.status || 3);
    }
    console.log(`records ${records} steps ${steps} sum_x ${sum.toFixed(6)}`);
}

if (require.main === module) main();
module.exports = { Stream };
