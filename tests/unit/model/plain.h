/* What models are made of, in plain loops over the numbers of one sequence: networks, cells, transitions, Gaussians, recognition. The
 * references of the models' tests. Parameters are found by their names. */
#ifndef DSSM_TESTS_PLAIN_H
#define DSSM_TESTS_PLAIN_H

#include "fixture.h"

enum { PLAIN_MOST = 32, PLAIN_STEPS = 8 }; /* rows of anything; steps of a sequence */

static inline double plain_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static inline const struct param *plain_entry(const struct model *m, const char *name, const char *part)
{
    char full[96];
    snprintf(full, sizeof full, "%s.%s", name, part);
    int index = params_find(&m->params, full);
    if (index < 0)
        bug("plain_entry: there is no %s", full);
    return &m->params.entry[index];
}

/* The numbers of NAME.PART */
static inline const real *plain_values(const struct model *m, const char *name, const char *part)
{
    return m->params.value + plain_entry(m, name, part)->offset;
}

/* ---- networks ---- */

/* y = W x + b with NAME.weight and NAME.bias; returns the rows. */
static inline int plain_layer(const struct model *m, const char *name, const double *x, double *y, bool squash)
{
    const struct param *e = plain_entry(m, name, "weight");
    const real *W = plain_values(m, name, "weight"), *b = plain_values(m, name, "bias");
    for (int i = 0; i < e->rows; i++) {
        y[i] = (double)b[i];
        for (int j = 0; j < e->cols; j++)
            y[i] += (double)W[i * e->cols + j] * x[j];
        y[i] = squash ? tanh(y[i]) : y[i];
    }
    return e->rows;
}

/* A perceptron of `layers` layers, all but the last with tanh, the last if `squash`, and NAME.straight where there is one; returns its
 * rows. */
static inline int plain_net(const struct model *m, const char *name, int layers, bool squash, const double *x, double *y)
{
    double in[PLAIN_MOST], out[PLAIN_MOST];
    char layer[64];
    int rows = 0;
    for (int i = 0; i < layers; i++) {
        snprintf(layer, sizeof layer, "%s.%d", name, i);
        rows = plain_layer(m, layer, i ? in : x, out, i < layers - 1 || squash);
        memcpy(in, out, sizeof(double) * (size_t)rows);
    }
    snprintf(layer, sizeof layer, "%s.straight", name);
    int straight = params_find(&m->params, layer);
    for (int i = 0; i < rows && straight >= 0; i++)
        for (int j = 0, cols = m->params.entry[straight].cols; j < cols; j++)
            out[i] += (double)params_value(&m->params, straight)[i * cols + j] * x[j];
    memcpy(y, out, sizeof(double) * (size_t)rows);
    return rows;
}

/* h ← GRU(h, x), with NAME.W, .U, .b, .c */
static inline void plain_gru(const struct model *m, const char *name, const double *x, double *h)
{
    int units = plain_entry(m, name, "U")->cols, inputs = plain_entry(m, name, "W")->cols;
    const real *W = plain_values(m, name, "W"), *U = plain_values(m, name, "U"), *b = plain_values(m, name, "b"),
               *c = plain_values(m, name, "c");
    double sum[3 * PLAIN_MOST], own[3 * PLAIN_MOST];
    for (int i = 0; i < 3 * units; i++) {
        sum[i] = (double)b[i], own[i] = 0;
        for (int j = 0; j < inputs; j++)
            sum[i] += (double)W[i * inputs + j] * x[j];
        for (int j = 0; j < units; j++)
            own[i] += (double)U[i * units + j] * h[j];
    }
    for (int i = 0; i < units; i++) {
        double r = plain_sigmoid(sum[i] + own[i]), u = plain_sigmoid(sum[units + i] + own[units + i]);
        h[i] = (1 - u) * tanh(sum[2 * units + i] + r * (own[2 * units + i] + (double)c[i])) + u * h[i];
    }
}

/* ---- Gaussians ---- */

/* Of independent numbers; or, with a drag c, of two: the second, and the first, to which c times the second is added. */
struct plain_gauss {
    double mean[PLAIN_MOST], variance[PLAIN_MOST], drag;
};

/* The covariance of two numbers, [0][1] and [1][0] the same. */
static inline void plain_cov(const struct plain_gauss *g, double cov[2][2])
{
    cov[0][0] = g->variance[0] + g->drag * g->drag * g->variance[1];
    cov[0][1] = cov[1][0] = g->drag * g->variance[1];
    cov[1][1] = g->variance[1];
}

static inline void plain_set_cov(struct plain_gauss *g, const double cov[2][2])
{
    g->drag = cov[0][1] / cov[1][1];
    g->variance[1] = cov[1][1];
    g->variance[0] = cov[0][0] - g->drag * cov[0][1];
}

static inline void plain_invert(const double a[2][2], double out[2][2])
{
    double d = a[0][0] * a[1][1] - a[0][1] * a[1][0];
    out[0][0] = a[1][1] / d, out[1][1] = a[0][0] / d;
    out[0][1] = -a[0][1] / d, out[1][0] = -a[1][0] / d;
}

/* A network with a Gaussian head. */
static inline struct plain_gauss plain_head(const struct model *m, const char *name, int layers, const double *x)
{
    double out[PLAIN_MOST];
    struct plain_gauss g = {.drag = 0};
    int n = plain_net(m, name, layers, false, x, out) / 2;
    for (int i = 0; i < n; i++) {
        g.mean[i] = out[i];
        g.variance[i] = exp(out[n + i]) + VARIANCE_FLOOR;
    }
    return g;
}

static inline struct plain_gauss plain_standard(void)
{
    struct plain_gauss g = {.drag = 0};
    for (int i = 0; i < PLAIN_MOST; i++)
        g.variance[i] = 1;
    return g;
}

/* KL(q ‖ p) of two numbers: ½ (tr P⁻¹Q + (q−p)ᵀ P⁻¹ (q−p) − 2 + ln |P|/|Q|) */
static inline double plain_kl_of_two(const struct plain_gauss *q, const struct plain_gauss *p)
{
    double Q[2][2], P[2][2], inverse[2][2], sum = -2;
    plain_cov(q, Q);
    plain_cov(p, P);
    plain_invert(P, inverse);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++)
            sum += inverse[i][j] * (Q[j][i] + (q->mean[i] - p->mean[i]) * (q->mean[j] - p->mean[j]));
    return 0.5 * (sum + log((P[0][0] * P[1][1] - P[0][1] * P[1][0]) / (Q[0][0] * Q[1][1] - Q[0][1] * Q[1][0])));
}

/* KL(q ‖ p) of the first n numbers */
static inline double plain_kl(int n, const struct plain_gauss *q, const struct plain_gauss *p)
{
    double sum = 0;
    if (q->drag != 0 || p->drag != 0)
        return plain_kl_of_two(q, p);
    for (int i = 0; i < n; i++)
        sum += 0.5 * (log(p->variance[i] / q->variance[i]) + (q->variance[i] + pow(q->mean[i] - p->mean[i], 2)) / p->variance[i] - 1);
    return sum;
}

static inline double plain_log_normal(int n, const double *x, const struct plain_gauss *p)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum -= 0.5 * (log(2 * M_PI * p->variance[i]) + pow(x[i] - p->mean[i], 2) / p->variance[i]);
    return sum;
}

static inline void plain_noise(const struct noise *n, enum noise_purpose purpose, int sequence, int step, int size, double *out)
{
    memset(out, 0, sizeof(double) * (size_t)size);
    if (!n->off)
        draw_normal((struct draw){n->seed, purpose, n->update, (uint32_t)sequence, (uint32_t)step}, size, out);
}

/* One sample of step `step` of a sequence. */
static inline void plain_sample(const struct noise *n, enum noise_purpose purpose, int sequence, int step, int size,
                                const struct plain_gauss *g, double *out)
{
    double noise[PLAIN_MOST];
    plain_noise(n, purpose, sequence, step, size, noise);
    for (int i = 0; i < size; i++)
        out[i] = g->mean[i] + sqrt(g->variance[i]) * noise[i];
    if (g->drag == 0)
        return;
    double cov[2][2]; /* by the lower Cholesky factor */
    plain_cov(g, cov);
    double first = sqrt(cov[0][0]), both = cov[1][0] / first;
    out[0] = g->mean[0] + first * noise[0];
    out[1] = g->mean[1] + both * noise[0] + sqrt(cov[1][1] - both * both) * noise[1];
}

/* E[ln q(z_1)] − ln p(z_1): KL to N(0, I), or with the hierarchical prior (hidden layer and 2 numbers of its own) −entropy − F_VHP(z). */
static inline double plain_first_rate(const struct model *m, const struct plain_gauss *q, const double *z, int dz, int sequence,
                                      const struct noise *n)
{
    struct plain_gauss unit = plain_standard();
    double zeta[PLAIN_MOST], rate = 0;
    if (model_settings(m)->prior == PRIOR_NORMAL)
        return plain_kl(dz, q, &unit);
    int layers = model_settings(m)->vhp_hidden.n + 1, dzeta = model_settings(m)->vhp_latent;
    struct plain_gauss up = plain_head(m, "prior.up", layers, z);
    plain_sample(n, NOISE_PRIOR, sequence, 0, dzeta, &up, zeta);
    struct plain_gauss down = plain_head(m, "prior.down", layers, zeta);
    for (int i = 0; i < dz; i++)
        rate -= 0.5 * log(2 * M_PI * M_E * q->variance[i]);
    return rate - plain_log_normal(dz, z, &down) + plain_kl(dzeta, &up, &unit);
}

/* ---- sequences ---- */

static inline bool plain_seen(const struct record *r, int t)
{
    const struct array *mask = record_get(r, "mask");
    return !mask || array_get(mask, (size_t)t) > 0;
}

/* Control that acts into step t; nothing without controls. */
static inline void plain_control(const struct model *m, const struct record *r, int t, double *u)
{
    for (int i = 0; i < m->du; i++)
        u[i] = t > 0 ? array_get(record_get(r, "u"), (size_t)((t - 1) * m->du + i)) : 0;
}

/* −ln p(x_t | mean), 0 where x_t was not seen. */
static inline double plain_distortion(const struct model *m, const struct record *r, int t, const double *mean)
{
    double sigma_x2 = model_settings(m)->sigma_x2, sum = 0;
    for (int i = 0; i < m->dx && plain_seen(r, t); i++)
        sum += 0.5 * (log(2 * M_PI * sigma_x2) + pow(array_get(record_get(r, "x"), (size_t)(t * m->dx + i)) - mean[i], 2) / sigma_x2);
    return sum;
}

/* Features of the frame of step t (without an encoder: itself), 0 where it was not seen, and the control that acts into it: what a GRU of
 * recognition reads. Returns the number of features. */
static inline int plain_features(const struct model *m, const struct record *r, int t, double *in)
{
    double x[PLAIN_MOST];
    const struct int_list *layers = &model_settings(m)->encoder.dense;
    int n = layers->n > 0 ? layers->v[layers->n - 1] : m->dx;
    for (int i = 0; i < m->dx; i++)
        x[i] = array_get(record_get(r, "x"), (size_t)(t * m->dx + i));
    memset(in, 0, sizeof(double) * PLAIN_MOST);
    if (plain_seen(r, t) && layers->n > 0)
        plain_net(m, "encoder", layers->n, true, x, in);
    else if (plain_seen(r, t))
        memcpy(in, x, sizeof(double) * (size_t)m->dx);
    plain_control(m, r, t, in + n);
    return n;
}

/* What recognition without an encoder, if it looks ahead, sees of step t+1 of T: the way to it, 1, and the control that leads there; all 0
 * where either frame was not seen. Returns the number of rows. */
static inline int plain_next(const struct model *m, const struct record *r, int t, int T, double *out)
{
    bool known = t + 1 < T && plain_seen(r, t) && plain_seen(r, t + 1);
    if (model_settings(m)->encoder.dense.n > 0 || params_find(&m->params, "recognition.ahead.U") < 0)
        return 0;
    for (int i = 0; i < m->dx; i++) {
        const struct array *x = record_get(r, "x");
        out[i] = known ? array_get(x, (size_t)((t + 1) * m->dx + i)) - array_get(x, (size_t)(t * m->dx + i)) : 0;
    }
    out[m->dx] = known;
    for (int i = 0; i < m->du; i++)
        out[m->dx + 1 + i] = known ? array_get(record_get(r, "u"), (size_t)(t * m->du + i)) : 0;
    return m->dx + 1 + m->du;
}

/* h_t of recognition over the first T steps: forward state, backward state (where the model has such), features, and plain_next. Returns
 * its rows. */
static inline int plain_recognition(const struct model *m, const struct record *r, int T, double h[][PLAIN_MOST])
{
    static const char *const name[] = {"recognition.back", "recognition.ahead"};
    int at = 0;
    for (int way = 0; way < 2; way++) {
        double in[PLAIN_MOST], state[PLAIN_MOST] = {0};
        if (params_find(&m->params, way ? "recognition.ahead.U" : "recognition.back.U") < 0)
            continue;
        int units = plain_entry(m, name[way], "U")->cols;
        for (int i = 0; i < T; i++) {
            int t = way ? T - 1 - i : i;
            plain_features(m, r, t, in);
            if (plain_seen(r, t))
                plain_gru(m, name[way], in, state);
            memcpy(h[t] + at, state, sizeof(double) * (size_t)units);
        }
        at += units;
    }
    int features = 0, next = 0;
    for (int t = 0; t < T; t++) {
        double in[PLAIN_MOST];
        features = plain_features(m, r, t, in);
        memcpy(h[t] + at, in, sizeof(double) * (size_t)features);
        next = plain_next(m, r, t, T, h[t] + at + features);
    }
    return at + features + next;
}

/* ---- transitions ---- */

/* z above u */
static inline void plain_stack(double *out, const double *z, int dz, const double *u, int du)
{
    memcpy(out, z, sizeof(double) * (size_t)dz);
    memcpy(out + dz, u, sizeof(double) * (size_t)du);
}

/* Row i of a matrix whose columns are bases, mixed. */
static inline double plain_mixed(const struct model *m, const char *part, int i, const double *alpha, bool exponential)
{
    int bases = plain_entry(m, "transition", part)->cols;
    const real *base = plain_values(m, "transition", part) + i * bases;
    double sum = 0;
    for (int k = 0; k < bases; k++)
        sum += alpha[k] * (exponential ? exp((double)base[k]) : (double)base[k]);
    return sum;
}

/* The locally linear transition; g has one hidden layer. The first numbers may be positions, of which there is one beside one velocity. */
static inline struct plain_gauss plain_linear(const struct model *m, const double *z, int dz, const double *u)
{
    double zu[PLAIN_MOST], alpha[PLAIN_MOST], sum = 0;
    struct plain_gauss p = {.drag = 0};
    int K = dz - plain_entry(m, "transition", "F_minus_I")->rows / dz;
    plain_stack(zu, z, dz, u, m->du);
    int bases = plain_net(m, "transition.g", 2, false, zu, alpha);
    for (int k = 0; k < bases; k++)
        sum += alpha[k] = exp(alpha[k]);
    for (int k = 0; k < bases; k++)
        alpha[k] /= sum;
    for (int i = 0; i < dz; i++) {
        p.mean[i] = z[i];
        for (int j = 0; j < dz && i >= K; j++)
            p.mean[i] += plain_mixed(m, "F_minus_I", (i - K) * dz + j, alpha, false) * z[j];
        for (int j = 0; j < m->du && i >= K; j++)
            p.mean[i] += plain_mixed(m, "B", (i - K) * m->du + j, alpha, false) * u[j];
        p.variance[i] = plain_mixed(m, "log_Q", i, alpha, true) + VARIANCE_FLOOR;
    }
    if (K > 0) {
        p.drag = (double)plain_values(m, "transition", "C")[0];
        p.mean[0] += p.drag * p.mean[1];
    }
    return p;
}

/* The gated transition; its network has one hidden layer. */
static inline struct plain_gauss plain_gated(const struct model *m, const double *z, int dz, const double *u)
{
    double zu[PLAIN_MOST], out[PLAIN_MOST];
    struct plain_gauss p = {.drag = 0};
    plain_stack(zu, z, dz, u, m->du);
    plain_net(m, "transition.net", 2, false, zu, out);
    for (int i = 0; i < dz; i++) {
        double linear = z[i] + (double)plain_values(m, "transition", "b")[i], gate = plain_sigmoid(out[i]);
        for (int j = 0; j < dz; j++)
            linear += (double)plain_values(m, "transition", "W_minus_I")[i * dz + j] * z[j];
        for (int j = 0; j < m->du; j++)
            linear += (double)plain_values(m, "transition", "V")[i * m->du + j] * u[j];
        p.mean[i] = (1 - gate) * linear + gate * out[dz + i];
        p.variance[i] = exp(out[2 * dz + i]) + VARIANCE_FLOOR;
    }
    return p;
}

#endif
