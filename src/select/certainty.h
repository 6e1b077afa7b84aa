/* How sure a teacher is of a row, and rows in the order of a value. */
#ifndef DC3_SELECT_CERTAINTY_H
#define DC3_SELECT_CERTAINTY_H

#include <stdint.h>

/* -sum_k p_k log p_k of p = softmax(z), z [c]; 0 to log c. */
double dc3_entropy(int64_t c, const float *z);

/* log(p_y / (1 - p_y)) = z_y - log sum_{k != y} exp z_k: rises with p_y, and tells apart rows whose p_y is 1
 * in f32. Infinite where c is 1. */
double dc3_log_odds(int64_t c, const float *z, int64_t y);

/* 1 where no class has a larger logit than y. */
int dc3_is_correct(int64_t c, const float *z, int64_t y);

/* The numbers 0..n-1 into order [n] by ascending keys [n]; equal ones by number. */
void dc3_order_by(int64_t n, const double *keys, int64_t *order);

#endif
