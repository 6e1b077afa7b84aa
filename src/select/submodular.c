/* Rows that maximise a set function over all the candidates: the objectives of objective.h by the maximizers
 * of maximizers.c. */
#include "select/choose.h"
#include "select/objective.h"

dc3_status dc3_choose_submodular(const dc3_candidates *from, int64_t count, int64_t *picks)
{
    const dc3_select_options *o = from->options;
    dc3_similarity similarity;
    dc3_set_function f;
    DC3_TRY(dc3_similarity_open(from->meter, from->m, from->rows, from->d, from->c, from->embeddings,
                                from->logits, from->label, o->gradient, &similarity));
    dc3_status status = dc3_set_function_open(o->objective, &similarity, o->lambda, count, &f);
    if (status == DC3_OK) {
        status = dc3_maximize(o, &f, count, from->item, from->first, picks, from->gains);
        dc3_set_function_close(&f);
    }
    dc3_similarity_close(&similarity);
    return status;
}

/* Graph cut (Iyer et al. 2021) over the whole class, as DeepCore's Submodular does. */
dc3_status dc3_choose_graph_cut(const dc3_candidates *from, int64_t count, int64_t *picks)
{
    dc3_select_options options = *from->options;
    dc3_candidates same = *from;
    options.objective = DC3_GRAPH_CUT;
    same.options = &options;
    return dc3_choose_submodular(&same, count, picks);
}
