/* A set function over the rows of one bin that grows one row at a time. */
#ifndef DC3_SELECT_OBJECTIVE_H
#define DC3_SELECT_OBJECTIVE_H

#include "select/similarity.h"

typedef struct dc3_set_function {
    const dc3_similarity *similarity;
    double lambda;
    int64_t most;   /* rows that will be added */
    int64_t size;   /* rows added so far */
    double *block;  /* [BLOCK, m] and as much scratch */
    double *state;  /* of the objective */
    double *matrix; /* facility location: all of it [m, m] */
    double (*gain)(const struct dc3_set_function *f, int64_t j);
    void (*add)(struct dc3_set_function *f, int64_t j);
} dc3_set_function;

/* Of dc3_objective, dc3_maximizer and dc3_gradient; NULL after the last. */
extern const char *const dc3_objective_names[], *const dc3_maximizer_names[], *const dc3_gradient_names[];

dc3_status dc3_graph_cut_open(dc3_set_function *f);
dc3_status dc3_facility_location_open(dc3_set_function *f);
dc3_status dc3_log_determinant_open(dc3_set_function *f);
/* For rows of `similarity`, `most` of which will be added. */
dc3_status dc3_set_function_open(dc3_objective objective, const dc3_similarity *similarity, double lambda,
                                 int64_t most, dc3_set_function *f);
void dc3_set_function_close(dc3_set_function *f);

/* Picks `count` of the m rows: their numbers in 0..m-1, in the order chosen, and unless NULL what each
 * added to the function. item names the bin for random numbers. first: the first pick, or NULL for the best.
 */
dc3_status dc3_maximize(const dc3_select_options *options, dc3_set_function *f, int64_t count, uint64_t item,
                        const int64_t *first, int64_t *picks, double *gains);

#endif
