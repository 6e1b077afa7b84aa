/* The kinds of classifier. Private to this folder. */
#ifndef DC3_NN_CLASSIFIER_PRIVATE_H
#define DC3_NN_CLASSIFIER_PRIVATE_H

#include "nn/classifier.h"
#include "nn/layers.h"

enum { DC3_CLASSIFIER_STAGES = 8 };

typedef struct dc3_classifier_kind dc3_classifier_kind;

struct dc3_classifier {
    const dc3_classifier_kind *kind;
    dc3_classifier_info info;
    int fresh; /* a new network: info.arch, classes and `wanted_size` say which; else the table's shapes do */
    int64_t wanted_size;
    float norm_eps; /* of the layer norms of a file's network; 0: the family's */
    dc3_module *module;
    void *body; /* of the kind, owned by the module */
    dc3_linear_layer last;
    /* Images to embeddings [n, info.embedding]. */
    dc3_tensor (*run)(dc3_ctx *ctx, void *body, dc3_tensor x);
};

/* A family of architectures. */
struct dc3_classifier_kind {
    const char *const *archs; /* NULL after the last */
    const char *tensors;      /* what such a table holds, for errors */
    const char *head;         /* the name of the last layer */
    const char *const *inner; /* linear layers before it that begin with the same word; NULL: none */
    /* Takes its tensors and fills info, body, last and run; failures are the module's. */
    void (*take)(dc3_classifier *classifier);
};
extern const dc3_classifier_kind dc3_kind_resnet, dc3_kind_convnet, dc3_kind_speednet, dc3_kind_vgg,
    dc3_kind_alexnet, dc3_kind_mobilenet, dc3_kind_efficientnet, dc3_kind_efficientnet_lite, dc3_kind_vit,
    dc3_kind_swin;

/* The shape of "prefix.name" into shape[4], zeros behind; 0 if there is no such tensor. */
int dc3_shape_of(const dc3_module *module, const char *prefix, const char *name, int64_t *shape);

/* ImageNet's mean and deviation of red, green and blue, which images are normalised by (nn/classifier.h). */
extern const float dc3_classifier_mean[3], dc3_classifier_deviation[3];

#endif
