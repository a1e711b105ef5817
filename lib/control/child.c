/* A program as a child, spoken to through pipes, which is ended and reaped whatever it does. */
#include "control/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static const double GRACE = 1; /* seconds between asking a child to end and ending it */

/* A pipe whose ends are no standard streams, and are closed in a child. */
static int open_pipe(int end[2], struct error *e)
{
    if (pipe2(end, O_CLOEXEC))
        return error_set(e, DSSM_FAILURE, "cannot open a pipe: %m");
    for (int i = 0; i < 2; i++)
        if (end[i] < 3) {
            int higher = fcntl(end[i], F_DUPFD_CLOEXEC, 3);
            close(end[i]);
            end[i] = higher;
        }
    return DSSM_OK;
}

/* Standard input and output of the child are the pipes; it may die of SIGPIPE again, and is the first of a group of its own. */
static int spawn(pid_t *pid, char **argv, int in, int out)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, pipe_signal;
    sigemptyset(&none);
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &pipe_signal);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int reason = posix_spawnp(pid, argv[0], &files, &how, argv, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return reason;
}

int child_start(struct child *c, char **argv, struct error *e)
{
    int to[2], from[2];
    *c = (struct child){0};
    if (open_pipe(to, e))
        return e->code;
    if (open_pipe(from, e)) {
        close(to[0]);
        close(to[1]);
        return e->code;
    }
    int reason = spawn(&c->pid, argv, to[0], from[1]);
    close(to[0]);
    close(from[1]);
    c->to = fdopen(to[1], "wb");
    c->from = fdopen(from[0], "rb");
    if (reason == 0)
        return DSSM_OK;
    fclose(c->to);
    fclose(c->from);
    *c = (struct child){0};
    return error_set(e, DSSM_FAILURE, "%s: cannot start: %s", argv[0], strerror(reason));
}

/* Waits for the child's end, at most so many seconds. True when it has ended, with what waitpid tells of it. */
static bool ends_within(pid_t pid, double seconds, int *how)
{
    double until = seconds_now() + seconds;
    for (long pause = 100000;; pause = pause < 10000000 ? 2 * pause : pause) { /* 0.1 ms, doubled up to 20 ms */
        pid_t got = waitpid(pid, how, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR))
            return true;
        if (seconds_now() >= until)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    }
}

void child_hang_up(struct child *c)
{
    if (c->to)
        fclose(c->to);
    c->to = NULL;
}

void child_end(struct child *c, double seconds, char *how, size_t size)
{
    int status = 0;
    snprintf(how, size, "%s", "");
    if (c->pid <= 0)
        return;
    child_hang_up(c);
    bool by_itself = ends_within(c->pid, seconds, &status);
    fclose(c->from); /* not before: its last words would end it by SIGPIPE */
    if (!by_itself) {
        kill(-c->pid, SIGTERM);
        if (!ends_within(c->pid, GRACE, &status)) {
            kill(-c->pid, SIGKILL);
            while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
                continue;
        }
    }
    kill(-c->pid, SIGKILL); /* what it may have left running */
    if (!by_itself)
        snprintf(how, size, "it did not end within %g s, and was ended", seconds);
    else if (WIFSIGNALED(status))
        snprintf(how, size, "it was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        snprintf(how, size, "it ended with status %d", WEXITSTATUS(status));
    *c = (struct child){0};
}
