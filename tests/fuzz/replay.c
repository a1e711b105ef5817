/* The main of a fuzz driver that only goes through files: every vector of formats/vectors, and the
 * driver's own finds in tests/fuzz/corpus/NAME. Prints one case a file in the Test Anything
 * Protocol; a file that brings the reader down ends the program, and so fails.
 *
 * usage, in the top folder: NAME_replay [FILE or FOLDER]... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int cases;

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        printf("not ok %d - %s cannot be read\n", ++cases, path);
        return;
    }
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *data = malloc(size + 1);
    if (!data || fread(data, 1, size, file) != size) {
        printf("not ok %d - %s cannot be read\n", ++cases, path);
    } else {
        LLVMFuzzerTestOneInput(data, size);
        printf("ok %d - %s\n", ++cases, path);
    }
    fflush(stdout);
    free(data);
    fclose(file);
}

/* A file, or everything in a folder and below it. */
static void replay(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return;
    if (!S_ISDIR(about.st_mode)) {
        replay_file(path);
        return;
    }
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        char inner[4096];
        if (snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name) < (int)sizeof inner)
            replay(inner);
    }
    if (folder)
        closedir(folder);
}

/* "stream" of "build/tests/fuzz/stream_replay": which corpus is ours. */
static void own_corpus(const char *program, char *path, size_t size)
{
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    const char *end = strstr(name, "_replay");
    int length = end ? (int)(end - name) : (int)strlen(name);
    snprintf(path, size, "tests/fuzz/corpus/%.*s", length, name);
}

int main(int argc, char **argv)
{
    char corpus[4096];
    own_corpus(argv[0], corpus, sizeof corpus);
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (argc == 1) {
        replay("formats/vectors");
        replay(corpus);
    }
    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    printf("ok %d - nothing at all\n1..%d\n", cases + 1, cases + 1);
    return 0;
}
