/* A program as a child, spoken to through pipes, which is ended and reaped whatever it does. */
#include "control/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
static const double GRACE = 1;          /* seconds between asking a child to end and ending it */
static const double LOOK_SECONDS = 0.1; /* between two looks at `stop` */

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

/* Waits until the child's pipe has room; false when its patience is at its end, or a signal has asked to stop. */
static bool has_room(struct child *c)
{
    double until = seconds_now() + c->patience;
    while (!c->deaf && !(c->stop && *c->stop)) {
        double left = c->patience > 0 ? until - seconds_now() : LOOK_SECONDS;
        struct pollfd wait = {.fd = c->to_fd, .events = POLLOUT};
        if (poll(&wait, 1, (int)(1000 * (left < 0 ? 0 : left > LOOK_SECONDS ? LOOK_SECONDS : left) + 0.999)) > 0)
            return true;
        c->deaf = c->patience > 0 && left <= 0;
    }
    return false;
}

/* What is behind `to`: writes all of it, or less when the child has gone, does not read, or a signal came. */
static ssize_t tell(void *cookie, const char *bytes, size_t n)
{
    struct child *c = cookie;
    size_t told = 0;
    while (told < n && !c->deaf) {
        ssize_t wrote = write(c->to_fd, bytes + told, n - told);
        told += wrote > 0 ? (size_t)wrote : 0;
        if (wrote < 0 && errno == EAGAIN ? !has_room(c) : wrote < 0 && errno != EINTR)
            break;
    }
    return (ssize_t)told;
}

static int close_tell(void *cookie)
{
    return close(((struct child *)cookie)->to_fd);
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
    c->to_fd = to[1];
    fcntl(c->to_fd, F_SETFL, fcntl(c->to_fd, F_GETFL) | O_NONBLOCK);
    c->to = fopencookie(c, "wb", (cookie_io_functions_t){.write = tell, .close = close_tell});
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
    c->deaf = true;
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
