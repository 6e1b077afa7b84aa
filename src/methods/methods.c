#include "methods/methods.h"

#include <string.h>
#include "methods/choose.h"
#include "methods/choose_random.h"
#include "methods/syntheses.h"
#include "colour/image_edit.h"
#include "methods/rded.h"
#include "features/crops.h"
#include "select/choose.h"

#define WORDS(id) .words = &dc3_method_words_of[id]

const dc3_method dc3_methods[DC3_METHODS] = {
    [DC3_METHOD_DC3] =
        {
            WORDS(DC3_METHOD_DC3),
            .needs = DC3_NEEDS_BINS | DC3_NEEDS_EDITOR,
            .uses = DC3_USES_ALL,
            .select = dc3_run_select,
            .synthesis = &dc3_compensation,
        },
    [DC3_METHOD_DC3_SELECT] =
        {
            WORDS(DC3_METHOD_DC3_SELECT),
            .needs = DC3_NEEDS_BINS,
            .uses = DC3_USES_ALL,
            .select = dc3_run_select,
            .synthesis = &dc3_as_is,
        },
    [DC3_METHOD_JITTER] =
        {
            WORDS(DC3_METHOD_JITTER),
            .needs = DC3_NEEDS_BINS,
            .uses = DC3_USES_ALL,
            .select = dc3_run_select,
            .synthesis = &dc3_conventional,
            .edit = &dc3_color_jitter,
        },
    [DC3_METHOD_GRAYSCALE] =
        {
            WORDS(DC3_METHOD_GRAYSCALE),
            .needs = DC3_NEEDS_BINS,
            .uses = DC3_USES_ALL,
            .select = dc3_run_select,
            .synthesis = &dc3_conventional,
            .edit = &dc3_grayscale,
        },
    [DC3_METHOD_BLUR] =
        {
            WORDS(DC3_METHOD_BLUR),
            .needs = DC3_NEEDS_BINS,
            .uses = DC3_USES_ALL,
            .select = dc3_run_select,
            .synthesis = &dc3_conventional,
            .edit = &dc3_blur,
        },
    [DC3_METHOD_RANDOM] =
        {
            WORDS(DC3_METHOD_RANDOM),
            .select = dc3_run_select_random,
            .synthesis = &dc3_as_is,
        },
    [DC3_METHOD_KMEANS] =
        {
            WORDS(DC3_METHOD_KMEANS),
            .needs = DC3_NEEDS_FEATURES,
            .select = dc3_run_select,
            .chooser = dc3_choose_nearest_to_centres,
            .synthesis = &dc3_as_is,
        },
    [DC3_METHOD_HERDING] =
        {
            WORDS(DC3_METHOD_HERDING),
            .needs = DC3_NEEDS_FEATURES,
            .select = dc3_run_select,
            .chooser = dc3_choose_herding,
            .synthesis = &dc3_as_is,
        },
    [DC3_METHOD_K_CENTER] =
        {
            WORDS(DC3_METHOD_K_CENTER),
            .needs = DC3_NEEDS_FEATURES,
            .select = dc3_run_select,
            .chooser = dc3_choose_k_center,
            .synthesis = &dc3_as_is,
        },
    [DC3_METHOD_GRAPH_CUT] =
        {
            WORDS(DC3_METHOD_GRAPH_CUT),
            .needs = DC3_NEEDS_FEATURES,
            .uses = DC3_USES_MAXIMIZER,
            .select = dc3_run_select,
            .chooser = dc3_choose_graph_cut,
            .synthesis = &dc3_as_is,
        },
    [DC3_METHOD_DQ] =
        {
            WORDS(DC3_METHOD_DQ),
            .needs = DC3_NEEDS_FEATURES,
            .uses = DC3_USES_BINS | DC3_USES_MAXIMIZER,
            .select = dc3_run_select,
            .chooser = dc3_choose_dataset_quantization,
            .synthesis = &dc3_as_is,
        },
    [DC3_METHOD_RDED] =
        {
            WORDS(DC3_METHOD_RDED),
            .needs = DC3_NEEDS_TEACHER,
            .select = dc3_run_select_crops,
            .synthesis = &dc3_as_is,
            .crops = DC3_CROPS,
            .looks = dc3_rded_looks,
        },
};

const dc3_method *dc3_method_called(const char *name)
{
    for (int i = 0; i < DC3_METHODS; i++)
        if (strcmp(dc3_methods[i].words->name, name) == 0) return &dc3_methods[i];
    return NULL;
}
