#include "select/objective.h"

const char *const dc3_objective_names[] = {"graph-cut", "facility-location", "log-determinant", NULL};
const char *const dc3_maximizer_names[] = {"naive", "lazy", "stochastic", "approximate-lazy", NULL};
const char *const dc3_gradient_names[] = {"plain", "double-softmax", NULL};

dc3_status dc3_set_function_open(dc3_objective objective, const dc3_similarity *similarity, double lambda,
                                 int64_t most, dc3_set_function *f)
{
    static dc3_status (*const kinds[])(dc3_set_function *) = {dc3_graph_cut_open, dc3_facility_location_open,
                                                              dc3_log_determinant_open};
    *f = (dc3_set_function){.similarity = similarity, .lambda = lambda, .most = most};
    f->block = dc3_meter_alloc(similarity->meter, 2 * DC3_SIMILARITY_BLOCK * (size_t)similarity->m,
                               sizeof *f->block);
    dc3_status status = f->block ? kinds[objective](f) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status != DC3_OK) dc3_set_function_close(f);
    return status;
}

void dc3_set_function_close(dc3_set_function *f)
{
    dc3_meter_free(f->similarity->meter, f->block);
    dc3_meter_free(f->similarity->meter, f->state);
    dc3_meter_free(f->similarity->meter, f->matrix);
    f->block = f->state = f->matrix = NULL;
}
