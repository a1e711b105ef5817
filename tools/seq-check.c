/* seq-check: verifies a stream against every rule of its format. */
#include "cli/cli.h"
#include "stream/stream.h"
#include <stddef.h>

struct settings {
    bool json;
    struct common common;
};

static const struct option_row rows[] = {
    {.name = "json", .kind = OPT_FLAG, .offset = offsetof(struct settings, json), .help = "Print a JSON object instead of a line of text."},
    {0},
};
static struct settings settings;
static const struct option_group groups[] = {
    {"Output", rows, &settings},
    {"Common", options_quiet, &settings.common},
    {0},
};
static const struct program program = {
    .name = "seq-check",
    .reads_writes = "stream in, one line out: verify header, records, checksum and end",
    .operands = "[STREAM...]",
    .operands_max = 1 << 20,
    .examples = "gen-pendulum -n 500 | seq-check\n"
                "seq-check train.msgpack test.msgpack && echo both are whole\n",
    .groups = groups,
    .reads_stdin = true,
};

static void print_json(const struct stream_summary *s, const char *name)
{
    json_t *j =
        json_pack("{s:o,s:b,s:I,s:I,s:I,s:I,s:I}", "stream", text_json(name), "ok", 1, "records", (json_int_t)s->records, "sequences",
                  (json_int_t)s->sequences, "steps", (json_int_t)s->steps, "bytes", (json_int_t)s->bytes, "crc32", (json_int_t)s->crc);
    json_dumpf(j, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(j);
}

static int check(const char *path)
{
    struct stream_summary s;
    struct error e = {0};
    int code = stream_summarise(&s, path, false, &e);
    if (code != DSSM_OK)
        program_fail(&program, &e);
    else if (settings.json)
        print_json(&s, input_name(path));
    else if (!settings.common.quiet)
        printf("%s: ok: %llu records, %llu sequences, %llu steps, %llu bytes, crc32 0x%08x\n", input_name(path),
               (unsigned long long)s.records, (unsigned long long)s.sequences, (unsigned long long)s.steps, (unsigned long long)s.bytes,
               s.crc);
    stream_summary_clear(&s);
    return code;
}

int main(int argc, char **argv)
{
    struct operands operands;
    int status, first = DSSM_OK;
    if (!program_start(&program, argc, argv, &operands, &status))
        return status;
    for (int i = 0; i < operands.n || i == 0; i++) {
        int code = check(operands.n ? operands.v[i] : NULL);
        first = first ? first : code;
    }
    status = program_end(&program);
    return first ? first : status;
}
