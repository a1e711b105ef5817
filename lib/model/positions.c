/* Positions, the first K numbers of a state z = (p, v): nothing moves them but the new velocities v', by the displacements d = C v' with a
 * constant C (with motors by those of all substeps, see there). A position on a line becomes p + d. The first pairs may be points on
 * circles, which a displacement turns by the angle 2 atan(d/2) (d itself but for d³/12), whatever the circle's radius. */
#include "model/parts.h"

/* How many displacements there are. */
static int freedoms(const struct transition *tr)
{
    return tr->positions - tr->circles;
}

int positions_declare(struct params *p, const struct transition *tr)
{
    int moving = tr->dz - tr->positions;
    if (tr->motors.n > 0) { /* each velocity has its own */
        int C = params_add(p, "transition.C", moving, 1, GROUP_PSI, 1);
        params_fill(p, C, 1);
        return C;
    }
    int C = params_add(p, "transition.C", freedoms(tr) * moving, 1, GROUP_PSI, 1);
    for (int i = 0; i < freedoms(tr); i++) /* at first a velocity is a displacement */
        params_value(p, C)[i * moving + i % moving] = 1;
    return C;
}

/* C, freedoms×(dz−K), for each lane. */
static var *displacement_map(struct tape *t, const struct transition *tr, int lanes)
{
    var *C = spread(t, param(t, tr->C), lanes);
    return tr->motors.n > 0 ? diag_matrix(t, C) : C;
}

/* [I 0], K×dz. */
static var *positions_themselves(struct tape *t, const struct transition *tr, int lanes)
{
    int K = tr->positions, dz = tr->dz;
    var *p = filled(t, K * dz, lanes, 0);
    for (int i = 0; i < K; i++)
        for (int l = 0; l < lanes; l++)
            p->v[(size_t)(i * dz + i) * (size_t)p->ld + (size_t)l] = 1;
    return p;
}

static var *above(struct tape *t, var *p, var *v)
{
    return stack_rows(t, 2, (var *const[]){p, v});
}

/* ---- on lines alone ---- */

static struct transition_at move_on_lines(struct tape *t, const struct transition *tr, struct moving v)
{
    int K = tr->positions, dz = tr->dz, n = dz - K, lanes = v.F->lanes;
    struct transition_at at = {.C = displacement_map(t, tr, lanes)};
    at.F = above(t, add(t, positions_themselves(t, tr, lanes), mat_mul(t, at.C, v.path, K, n, dz)), v.F);
    if (v.push)
        at.push = above(t, mat_vec(t, at.C, v.path_push), v.push);
    return at;
}

/* ---- on circles ---- */

/* All positions after a step: their rows of ∂p'/∂p, K×dz, and of ∂p'/∂v', K×(dz−K), in pieces. */
struct moved {
    var **p, **by_p, **by_v;
};

static void move_line(struct tape *t, struct moved *m, int i, int dz, var *p, var *d, var *C)
{
    m->p[i] = add(t, p, d);
    m->by_p[i * dz + i] = filled(t, 1, p->lanes, 1);
    m->by_v[i] = C;
}

/* x and y are rows i and i + 1. */
static void turn_pair(struct tape *t, struct moved *m, int i, int dz, var *x, var *y, var *d, var *C)
{
    var *quarter = scale(t, v_square(t, d), 0.25), *slope = v_inverse(t, shift(t, quarter, 1)); /* of the angle, by d */
    var *cosine = mul(t, shift(t, scale(t, quarter, -1), 1), slope), *sine = mul(t, d, slope);
    m->p[i] = sub(t, mul(t, cosine, x), mul(t, sine, y));
    m->p[i + 1] = add(t, mul(t, sine, x), mul(t, cosine, y));
    m->by_p[i * dz + i] = m->by_p[(i + 1) * dz + i + 1] = cosine;
    m->by_p[i * dz + i + 1] = scale(t, sine, -1);
    m->by_p[(i + 1) * dz + i] = sine;
    m->by_v[i] = mul_lanes(t, C, scale(t, mul(t, m->p[i + 1], slope), -1));
    m->by_v[i + 1] = mul_lanes(t, C, mul(t, m->p[i], slope));
}

static struct moved move_all(struct tape *t, const struct transition *tr, var *z, var *d, var *C)
{
    int K = tr->positions, dz = tr->dz, n = dz - K, N = tr->circles;
    var **room = tape_alloc(t, sizeof(var *) * (size_t)(K * (dz + 2))), *none = filled(t, 1, z->lanes, 0);
    struct moved m = {room, room + K, room + K + K * dz};
    for (int i = 0; i < K * dz; i++)
        m.by_p[i] = none;
    for (int i = 0; i < N; i++)
        turn_pair(t, &m, 2 * i, dz, rows_of(t, z, 2 * i, 1), rows_of(t, z, 2 * i + 1, 1), rows_of(t, d, i, 1), rows_of(t, C, i * n, n));
    for (int i = 2 * N; i < K; i++)
        move_line(t, &m, i, dz, rows_of(t, z, i, 1), rows_of(t, d, i - N, 1), rows_of(t, C, (i - N) * n, n));
    return m;
}

/* The mean is no linear function of z, but F is its derivative there (with the mixture held), and F z + push is the mean. */
static struct transition_at move_on_circles(struct tape *t, const struct transition *tr, var *z, struct moving v)
{
    int K = tr->positions, dz = tr->dz, n = dz - K;
    var *C = displacement_map(t, tr, z->lanes), *next = mat_vec(t, v.F, z), *path = mat_vec(t, v.path, z);
    if (v.push)
        next = add(t, next, v.push), path = add(t, path, v.path_push);
    struct moved m = move_all(t, tr, z, mat_vec(t, C, path), C);
    struct transition_at at = {.C = stack_rows(t, K, m.by_v)};
    at.F = above(t, add(t, stack_rows(t, K * dz, m.by_p), mat_mul(t, at.C, v.path, K, n, dz)), v.F);
    at.push = sub(t, above(t, stack_rows(t, K, m.p), next), mat_vec(t, at.F, z));
    return at;
}

/* ---- both ---- */

struct transition_at positions_move(struct tape *t, const struct transition *tr, var *z, struct moving v)
{
    if (tr->positions == 0)
        return (struct transition_at){.F = v.F, .push = v.push};
    if (!v.path)
        v.path = v.F, v.path_push = v.push;
    return tr->circles > 0 ? move_on_circles(t, tr, z, v) : move_on_lines(t, tr, v);
}

var *positions_displaced(struct tape *t, const struct transition *tr, var *p, var *d)
{
    if (tr->circles == 0)
        return add(t, p, d);
    var *z = above(t, p, d); /* of which the positions are read */
    return stack_rows(t, tr->positions, move_all(t, tr, z, d, displacement_map(t, tr, p->lanes)).p);
}

var *transition_spread(struct tape *t, const struct transition *tr, const struct transition_at *at, var *variance)
{
    int K = tr->positions, dz = tr->dz, n = dz - K, lanes = variance->lanes;
    if (K == 0)
        return variance;
    var **row = tape_alloc(t, sizeof(var *) * (size_t)(2 * K + 1)); /* of L = [J C; 0 I] less the identities */
    for (int k = 0; k < K; k++) {
        row[2 * k] = at->J ? rows_of(t, at->J, k * K, K) : filled(t, K, lanes, 0);
        row[2 * k + 1] = rows_of(t, at->C, k * n, n);
    }
    row[2 * K] = filled(t, n * dz, lanes, 0);
    var *identities = filled(t, dz, 1, 1);
    for (int k = 0; at->J && k < K; k++)
        identities->v[(size_t)k * (size_t)identities->ld] = 0;
    var *L = add_diag(t, stack_rows(t, 2 * K + 1, row), identities, dz);
    return sandwich_diag(t, L, variance, dz, dz);
}

var *transition_drag(struct tape *t, const struct transition *tr, const struct transition_at *at, var *d)
{
    int K = tr->positions, n = tr->dz - K;
    if (K == 0)
        return d;
    var *p = rows_of(t, d, 0, K), *v = rows_of(t, d, K, n);
    return above(t, add(t, p, mat_mul(t, at->C, v, K, n, 1)), v);
}

var *transition_before(struct tape *t, const struct transition *tr, var *z)
{
    int K = tr->positions, n = tr->dz - K;
    if (K == 0 || tr->motors.substeps > 1)
        bug("transition_before: %d positions, %d substeps", K, tr->motors.substeps);
    var *C = displacement_map(t, tr, z->lanes), *d = mat_vec(t, C, rows_of(t, z, K, n));
    if (tr->circles == 0)
        return sub(t, rows_of(t, z, 0, K), d);
    return stack_rows(t, K, move_all(t, tr, z, scale(t, d, -1), C).p);
}

var *distortion_before(struct tape *t, const struct model *m, const struct batch *b, const struct transition *tr, var *distortion, var *z1)
{
    if (!b->before)
        return distortion;
    struct latent then = {transition_before(t, tr, z1), NULL};
    return add(t, distortion, coder_distortion(t, m, b->before, m->kind->decode(m, t, then)));
}
