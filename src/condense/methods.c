#include "condense/methods.h"

#include <string.h>

const dc3_method dc3_methods[] = {
    {"dc3", "bins, submodular selection, colour compensation", DC3_NEEDS_BINS | DC3_NEEDS_EDITOR,
     dc3_run_select, NULL, &dc3_compensation, NULL},
    {"dc3-select", "dc3's bins and selection, stored as they are", DC3_NEEDS_BINS, dc3_run_select, NULL,
     &dc3_as_is, NULL},
    {"jitter", "dc3-select, with colour jitter in place of the diffusion model", DC3_NEEDS_BINS,
     dc3_run_select, NULL, &dc3_conventional, &dc3_color_jitter},
    {"grayscale", "dc3-select, in grey", DC3_NEEDS_BINS, dc3_run_select, NULL, &dc3_conventional,
     &dc3_grayscale},
    {"blur", "dc3-select, with Gaussian blur in place of the diffusion model", DC3_NEEDS_BINS, dc3_run_select,
     NULL, &dc3_conventional, &dc3_blur},
    {"random", "random images", 0, dc3_run_select_random, NULL, &dc3_as_is, NULL},
    {"kmeans", "the image nearest to each centre of k-means", DC3_NEEDS_FEATURES, dc3_run_select,
     dc3_choose_nearest_to_centres, &dc3_as_is, NULL},
    {"herding", "images whose mean follows the class mean", DC3_NEEDS_FEATURES, dc3_run_select,
     dc3_choose_herding, &dc3_as_is, NULL},
    {"k-center", "images farthest from those chosen before", DC3_NEEDS_FEATURES, dc3_run_select,
     dc3_choose_k_center, &dc3_as_is, NULL},
    {"graph-cut", "graph cut over the whole class, no bins", DC3_NEEDS_FEATURES, dc3_run_select,
     dc3_choose_graph_cut, &dc3_as_is, NULL},
    {"dq", "Dataset Quantization: bins by repeated graph cuts, random images of each", DC3_NEEDS_FEATURES,
     dc3_run_select, dc3_choose_dataset_quantization, &dc3_as_is, NULL},
    {"rded", "RDED: the crops that a teacher is surest of, stitched", DC3_NEEDS_TEACHER, dc3_run_select_crops,
     NULL, &dc3_stitching, NULL},
    {0}};
enum { METHODS = sizeof dc3_methods / sizeof *dc3_methods - 1 };

const char *dc3_method_name(int i)
{
    return i >= 0 && i < METHODS ? dc3_methods[i].name : NULL;
}

const char *dc3_method_summary(int i)
{
    return i >= 0 && i < METHODS ? dc3_methods[i].summary : NULL;
}
