#include "options/method_names.h"

#include <stddef.h>
#include "dc3/condense.h"

const dc3_method_words dc3_method_words_of[DC3_METHODS] = {
    [DC3_METHOD_DC3] = {"dc3", "bins, submodular selection, colour compensation"},
    [DC3_METHOD_DC3_SELECT] = {"dc3-select", "dc3's bins and selection, stored as they are"},
    [DC3_METHOD_JITTER] = {"jitter", "dc3-select, with colour jitter in place of the diffusion model"},
    [DC3_METHOD_GRAYSCALE] = {"grayscale", "dc3-select, in grey"},
    [DC3_METHOD_BLUR] = {"blur", "dc3-select, with Gaussian blur in place of the diffusion model"},
    [DC3_METHOD_RANDOM] = {"random", "random images"},
    [DC3_METHOD_KMEANS] = {"kmeans", "the image nearest to each centre of k-means"},
    [DC3_METHOD_HERDING] = {"herding", "images whose mean follows the class mean"},
    [DC3_METHOD_K_CENTER] = {"k-center", "images farthest from those chosen before"},
    [DC3_METHOD_GRAPH_CUT] = {"graph-cut", "graph cut over the whole class, no bins"},
    [DC3_METHOD_DQ] = {"dq", "Dataset Quantization: bins by repeated graph cuts, random images of each"},
    [DC3_METHOD_RDED] = {"rded", "RDED: the crops of which a teacher is surest, stitched"},
};

const char *dc3_method_name(int i)
{
    return i >= 0 && i < DC3_METHODS ? dc3_method_words_of[i].name : NULL;
}

const char *dc3_method_summary(int i)
{
    return i >= 0 && i < DC3_METHODS ? dc3_method_words_of[i].summary : NULL;
}
