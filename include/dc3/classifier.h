/* A classifier that is opened once and tells what it sees in images in memory. */
#ifndef DC3_CLASSIFIER_H
#define DC3_CLASSIFIER_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/choices.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One network, with memory for its work; it computes in f32. One call at a time may use it; several of them
 * may work at once on several threads. */
typedef struct dc3_image_classifier dc3_image_classifier;

typedef struct dc3_image_classifier_options {
    size_t struct_size; /* set by dc3_image_classifier_defaults; not to be changed */
    const char *arch;   /* the architecture (dc3_arch_name), to be checked; NULL: as its tensors say */
    int size; /* pixels of a side at which it sees images, 16 to 1024; 0: the only one that it takes, or that
                 of its training where its file says it, else 224 */
    dc3_fit fit; /* of images of another shape; default DC3_FIT_CROP */
    int threads; /* 1 to 1024, default 1; the last bits of results may depend on it */
} dc3_image_classifier_options;

DC3_API dc3_image_classifier_options dc3_image_classifier_defaults(void);

/* Opens a file of weights, safetensors or a PyTorch checkpoint (.pth), of one of the architectures of
 * dc3_arch_name. DC3_ERR_IO or DC3_ERR_FORMAT where it is missing or damaged, DC3_ERR_UNSUPPORTED where it
 * holds another network; *classifier is NULL then. */
DC3_API dc3_status dc3_image_classifier_open(const char *file, const dc3_image_classifier_options *options,
                                             dc3_image_classifier **classifier);
/* Accepts NULL and a pointer to NULL; nulls the pointer. */
DC3_API void dc3_image_classifier_close(dc3_image_classifier **classifier);

typedef struct dc3_image_classifier_info {
    char arch[24];     /* "resnet18", "convnet3", ... */
    int64_t classes;   /* values of an image's logits */
    int64_t embedding; /* values of an image's embedding, which its last linear layer takes */
    int size;          /* pixels of a side at which it sees images */
    double parameters;
} dc3_image_classifier_info;

/* All zero for NULL. */
DC3_API dc3_image_classifier_info dc3_image_classifier_describe(const dc3_image_classifier *classifier);

/* Runs the network on `n` images of one size.
 *
 * images [n, height, width, 3]: 8 bits each of red, green and blue (sRGB), row by row without gaps, width and
 * height 1 to 16384; brought to the classifier's square as its options' `fit` says, and normalised by
 * ImageNet's mean and deviation. embeddings [n, embedding] and logits [n, classes], memory of the caller;
 * either may be NULL. An image's rows depend on the image alone, not on the others, and are those that
 * dc3_condense selects by. `listener` (or NULL) hears of each batch, in the stage "images".
 *
 * DC3_ERR_ARGUMENT for a value out of range, DC3_ERR_CANCELLED, DC3_ERR_MEMORY; the results are undefined
 * then, and the classifier may be used again. */
DC3_API dc3_status dc3_image_classifier_run(dc3_image_classifier *classifier, int64_t n, int height,
                                            int width, const uint8_t *images, const dc3_listener *listener,
                                            float *embeddings, float *logits);

#ifdef __cplusplus
}
#endif
#endif
