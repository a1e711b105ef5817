/* A pool of worker threads that share out numbered jobs. */
#include "base/base.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct pool {
    int threads;
    pthread_t *thread;
    pthread_mutex_t lock;
    pthread_cond_t start, finished;
    unsigned round; /* grows by one a pool_run; guarded by lock, as what follows */
    int busy;       /* workers that have not finished the round */
    bool stop;
    int jobs;
    void (*job)(void *arg, int index, int worker);
    void *arg;
    atomic_int next;
};

struct worker {
    struct pool *pool;
    int number;
};

static void take_jobs(struct pool *p, int worker)
{
    for (int i; (i = atomic_fetch_add(&p->next, 1)) < p->jobs;)
        p->job(p->arg, i, worker);
}

static void *work(void *arg)
{
    struct worker self = *(struct worker *)arg;
    struct pool *p = self.pool;
    free(arg);
    for (unsigned seen = 0;;) {
        pthread_mutex_lock(&p->lock);
        while (p->round == seen && !p->stop)
            pthread_cond_wait(&p->start, &p->lock);
        bool stop = p->stop;
        seen = p->round;
        pthread_mutex_unlock(&p->lock);
        if (stop)
            return NULL;
        take_jobs(p, self.number);
        pthread_mutex_lock(&p->lock);
        if (--p->busy == 0)
            pthread_cond_signal(&p->finished);
        pthread_mutex_unlock(&p->lock);
    }
}

struct pool *pool_new(int threads)
{
    struct pool *p = xcalloc(1, sizeof *p);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    p->threads = threads > 0 ? threads : processors > 0 ? (int)processors : 1;
    p->thread = xcalloc((size_t)p->threads, sizeof *p->thread);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->start, NULL);
    pthread_cond_init(&p->finished, NULL);
    for (int i = 1; i < p->threads; i++) {
        struct worker *w = xmalloc(sizeof *w);
        *w = (struct worker){p, i};
        if (pthread_create(&p->thread[i], NULL, work, w) != 0) { /* fewer threads do the same work */
            free(w);
            p->threads = i;
        }
    }
    return p;
}

void pool_run(struct pool *p, int jobs, void (*job)(void *arg, int index, int worker), void *arg)
{
    pthread_mutex_lock(&p->lock);
    p->jobs = jobs;
    p->job = job;
    p->arg = arg;
    atomic_store(&p->next, 0);
    p->busy = p->threads - 1;
    p->round++;
    pthread_cond_broadcast(&p->start);
    pthread_mutex_unlock(&p->lock);
    take_jobs(p, 0);
    pthread_mutex_lock(&p->lock);
    while (p->busy > 0)
        pthread_cond_wait(&p->finished, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

int pool_threads(const struct pool *p)
{
    return p->threads;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_broadcast(&p->start);
    pthread_mutex_unlock(&p->lock);
    for (int i = 1; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->start);
    pthread_cond_destroy(&p->finished);
    pthread_mutex_destroy(&p->lock);
    free(p->thread);
    free(p);
}
