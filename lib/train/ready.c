/* What every learning program does before it learns: looks whether its files can be written, and takes over the signals. */
#include "train/train.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signal;

static void on_signal(int number)
{
    stop_signal = number;
}

volatile sig_atomic_t *ready_to_stop(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &stop_signal;
}

int ready_to_write(const char *path, struct error *e)
{
    struct stat about;
    if (!path || strcmp(path, "-") == 0)
        return DSSM_OK;
    bool there = stat(path, &about) == 0, writable = there || errno == ENOENT;
    if (there && S_ISDIR(about.st_mode))
        return error_set(e, DSSM_FAILURE, "%s: %s", path, strerror(EISDIR));
    if (there && !S_ISREG(about.st_mode)) {
        writable = access(path, W_OK) == 0; /* a device or a pipe: it is written to as it is */
    } else if (writable) {
        char *copy = xstrdup(path);
        writable = access(dirname(copy), W_OK | X_OK) == 0; /* a file is replaced */
        free(copy);
    }
    return writable ? DSSM_OK : error_set(e, DSSM_FAILURE, "%s: %m", path);
}

json_t *options_of_groups(const struct option_group *groups, int n)
{
    json_t *all = json_object();
    for (int i = 0; i < n; i++) {
        json_t *part = options_to_json(groups[i].rows, groups[i].into);
        json_object_update(all, part);
        json_decref(part);
    }
    return all;
}
