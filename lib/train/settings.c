/* Options of the trainers. */
#include "train/train.h"

#define AT(member) offsetof(struct objective_settings, member)
const struct option_row options_objective[] = {
    {"objective", 0, OPT_CHOICE, AT(kind), "co", 0, 0, "co|annealing|elbo", "KIND",
     "constrained optimisation (Algorithm 1), annealing of the rate, or the plain evidence lower bound"},
    {"d0", 0, OPT_TEXT, AT(d0), "auto", 0, 0, NULL, "D0",
     "bound on the distortion: excess:N (nats a sequence above a perfect reconstruction), rmse:E (a number of x), nats:N, or auto: 1.5 "
     "times the excess that encoder and decoder reach alone in 1000 updates"},
    {"lambda0", 0, OPT_REAL, AT(lambda0), "0.005", 1e-9, 1e9, NULL, "L", "first value of the Lagrange multiplier"},
    {"lambda-bound", 0, OPT_REAL, AT(lambda_bound), "0.0012", 1e-9, 10, NULL, "B", "most that ln(lambda) may change in one update"},
    {"nu", 0, OPT_REAL, AT(nu), "0.0001", 0, 10, NULL, "V", "speed of lambda"},
    {"tau1", 0, OPT_REAL, AT(tau1), "1", 0, 1e6, NULL, "T", "slope of lambda's way back to 1"},
    {"tau2", 0, OPT_REAL, AT(tau2), "1", 0, 1e6, NULL, "T", "slope of lambda's rise while the bound is violated"},
    {"alpha", 0, OPT_REAL, AT(alpha), "0.5", 0, 0.9999, NULL, "A", "memory of the running distortion"},
    {"initial-phase", 0, OPT_CHOICE, AT(initial), "all", 0, 0, "coders|all", "WHAT",
     "parameters that move before the bound is first met: encoder and decoder alone (Algorithm 1 as published), or all"},
    {"anneal-updates", 0, OPT_INT, AT(anneal_updates), "4000", 1, 1e9, NULL, "N",
     "updates over which annealing takes the rate's weight from 0 to 1"},
    {"anneal-after", 0, OPT_INT, AT(anneal_after), "0", 0, 1e9, NULL, "N", "updates before that, in which the rate has no weight"},
    {0},
};
#undef AT

#define AT(member) offsetof(struct train_settings, member)
const struct option_row options_train[] = {
    {"updates", 'u', OPT_INT, AT(updates), "20000", 1, 1e9, NULL, "N", "parameter updates in all"},
    {"batch", 'b', OPT_INT, AT(batch), "50", 1, 1e6, NULL, "N", "sequences an update"},
    {"learning-rate", 0, OPT_REAL, AT(learning_rate), "0.001", 0, 10, NULL, "R", "Adam's learning rate"},
    {"flat-share", 0, OPT_REAL, AT(flat_share), "0.3", 0, 1, NULL, "F", "share of the updates at the full rate, before a cosine lowers it"},
    {"final-share", 0, OPT_REAL, AT(final_share), "0.01", 0, 1, NULL, "F", "share of the rate that is left at the end"},
    {"clip", 0, OPT_REAL, AT(clip), "1000", 1e-9, 1e30, NULL, "G", "largest norm of a gradient; a longer one is shortened"},
    {"starts", 0, OPT_INT, AT(starts), "3", 1, 1000, NULL, "K",
     "short trainings from different draws, of which the one with the lowest Lagrangian goes on"},
    {"start-updates", 0, OPT_INT, AT(start_updates), "1500", 1, 1e9, NULL, "N", "updates of a short training"},
    {"prior-after", 0, OPT_INT, AT(prior_after), "0", 0, 1e9, NULL, "N",
     "updates before the hierarchical prior moves: till then it holds the states near 0 and of size 1"},
    {"crop-every", 0, OPT_INT, AT(crop_every), "0", 0, 1e9, NULL, "N",
     "each Nth update is on sub-sequences, drawn anew; 0: none is, else 2 or more"},
    {"crop-shortest", 0, OPT_INT, AT(crop_shortest), "5", 1, 1e9, NULL, "STEPS",
     "least length of a sub-sequence; the length is drawn between this and the batch's longest"},
    {"eval-every", 0, OPT_INT, AT(eval_every), "250", 1, 1e9, NULL, "N", "updates between two lines of metrics"},
    {"checkpoint-every", 0, OPT_INT, AT(checkpoint_every), "1000", 1, 1e9, NULL, "N", "updates between two checkpoints"},
    {0},
};
#undef AT

int train_check(const struct train_settings *s, struct error *e)
{
    if (s->crop_every == 1)
        return error_set(e, DSSM_USAGE, "--crop-every: expected 0 or at least 2 (whole sequences tell how the bound is met), got 1");
    return DSSM_OK;
}
