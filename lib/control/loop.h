/* The pieces of dreams and of the closed loop: private to lib/control. */
#ifndef DSSM_CONTROL_LOOP_H
#define DSSM_CONTROL_LOOP_H

#include "control/control.h"
#include <sys/types.h>

/* ---- dreams (tame.c) ---- */

/* The same value; of its gradient each lane is shortened to length `most`: some dreams pass where states part ways, and there the gradient
 * grows with every step further back, until nothing else counts. */
var *tame(struct tape *t, var *a, double most);

/* ---- a child process (child.c) ---- */

struct child {
    pid_t pid;                   /* 0: none */
    FILE *to, *from;             /* its standard input and output, owned */
    int to_fd;                   /* below `to` */
    double patience;             /* seconds that it may take to read what it is told, when its pipe is full; 0: any */
    volatile sig_atomic_t *stop; /* set by a signal: nothing is waited for any more; may be NULL */
    bool deaf;                   /* it took longer, or was hung up: what is written fails at once from then on */
};
/* Starts argv (looked up in PATH), in a process group of its own. It stays where it is until child_end. DSSM_FAILURE if that cannot be
 * done. */
int child_start(struct child *c, char **argv, struct error *e);
void child_hang_up(struct child *c); /* closes its standard input; what was not flushed is lost */
/* Hangs up and waits so long for its end; then ends it and what it started, by SIGTERM and a second later by SIGKILL, and
 * reaps it. how: "" if it ended by itself with status 0, else how it ended, as a phrase. Safe for no child. */
void child_end(struct child *c, double seconds, char *how, size_t size);

/* ---- steps to sequences (episode.c) ---- */

/* Steps of one sequence, a record each, of which every array that `header` declares has one step. */
struct episode {
    char *id;
    const json_t *header; /* of the stream that they go to; borrowed */
    struct writer *writer;
    int n, room;
    size_t bytes;        /* of their arrays */
    struct record *step; /* owned */
    uint64_t written;    /* steps that went out */
};
struct episode episode_new(const char *id, const json_t *header, struct writer *w);
/* Takes the step (left empty). When there are so many bytes that a record would become too large, a piece of the sequence goes out. */
int episode_add(struct episode *s, struct record *step, struct error *e);
/* Writes what is there as one record: declared fields, and mask if some step had one (1 where it had none). Nothing without steps. */
int episode_write(struct episode *s, struct error *e);
void episode_free(struct episode *s);

#endif
