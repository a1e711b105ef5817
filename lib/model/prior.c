/* Initial distributions p(z_1): standard normal, or the variational hierarchical prior (eq. 6; Klushyn et al. 2019). */
#include "model/model.h"

struct prior prior_declare(struct params *p, const struct model_settings *s, uint64_t seed)
{
    struct prior pr = {.kind = s->prior, .dz = s->latent, .dzeta = s->vhp_latent};
    if (s->prior == PRIOR_NORMAL)
        return pr;
    pr.up = gauss_declare(p, "prior.up", s->latent, &s->vhp_hidden, s->vhp_latent, 0, GROUP_PHI0, seed);
    pr.down = gauss_declare(p, "prior.down", s->vhp_latent, &s->vhp_hidden, s->latent, 0, GROUP_PSI0, seed);
    return pr;
}

/* N(0, I) for rows×lanes. */
static struct gauss standard(struct tape *t, int rows, int lanes)
{
    return (struct gauss){filled(t, rows, lanes, 0), filled(t, rows, lanes, 1)};
}

var *prior_log_density(struct tape *t, const struct prior *pr, var *z, const struct batch *b, const struct noise *n)
{
    if (pr->kind == PRIOR_NORMAL)
        return log_normal(t, z, standard(t, z->rows, z->lanes));
    struct gauss q = gauss_head(t, mlp_apply(t, &pr->up, z));
    var *zeta = sample_diag(t, q, noise_steps(t, n, NOISE_PRIOR, b, pr->dzeta, 0, 1));
    var *fit = log_normal(t, z, gauss_head(t, mlp_apply(t, &pr->down, zeta)));
    return sub(t, fit, kl_standard(t, q));
}

var *prior_rate(struct tape *t, const struct prior *pr, struct gauss q, var *z, const struct batch *b, const struct noise *n)
{
    if (pr->kind == PRIOR_NORMAL)
        return kl_standard(t, q);
    return scale(t, add(t, entropy_diag(t, q.variance), prior_log_density(t, pr, z, b, n)), -1);
}

var *prior_sample(struct tape *t, const struct prior *pr, const struct batch *b, const struct noise *n)
{
    var *noise = noise_steps(t, n, NOISE_START, b, pr->dz, 0, 1);
    if (pr->kind == PRIOR_NORMAL)
        return sample_diag(t, standard(t, pr->dz, b->B), noise);
    var *zeta = noise_steps(t, n, NOISE_PRIOR, b, pr->dzeta, 0, 1);
    return sample_diag(t, gauss_head(t, mlp_apply(t, &pr->down, zeta ? zeta : filled(t, pr->dzeta, b->B, 0))), noise);
}
