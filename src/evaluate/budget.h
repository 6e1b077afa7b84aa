/* A student's training in minutes, as epochs. */
#ifndef DC3_EVALUATE_BUDGET_H
#define DC3_EVALUATE_BUDGET_H

#include "evaluate/evaluation.h"

/* Whole epochs that take so many minutes, at `step` seconds a step; at least one. Says so in the score. */
void dc3_budget_take(dc3_score *score, double minutes, double step);
/* The epochs of e->options->minutes into the score: those that were found for such students (`settings`,
 * taken over: what theirs have in common) with the same tests, or by an earlier call with e->options->folder,
 * else by steps that are measured on a student that is opened anew then, and are kept there. Where they
 * cannot be kept the listener hears of it. */
dc3_status dc3_budget_settle(dc3_evaluation *e, json_t *settings,
                             dc3_status (*measure)(dc3_evaluation *e, double *step));

#endif
