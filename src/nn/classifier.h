/* Classifiers, teachers and students. With torchvision's names and rules: ResNets (also with the 3x3 stem of
 * CIFAR), VGG-11, AlexNet (new ones for 64 pixels or fewer with DD-Ranking's 5x5 stem), MobileNetV2,
 * EfficientNet-B0, ViT-B/16 (new ones for any multiple of 16 pixels) and Swin V2-T; with timm's
 * EfficientNet-Lite0 to Lite2, which see 2 x - 1 of an image; speednet, a small network for fast training
 * (classifiers/speednet.c); and the ConvNets of dataset distillation (Gidaris and Komodakis 2018; width 128,
 * batch norm, average pooling). Opened for inference their batch norms are folded into the convolutions
 * before them, but for speednet's; in training dropout and stochastic depth follow dc3_ctx_set_dropout. */
#ifndef DC3_NN_CLASSIFIER_H
#define DC3_NN_CLASSIFIER_H

#include "nn/param.h"
#include "ops/ops.h"
#include "tensor/table.h"

typedef struct dc3_classifier dc3_classifier;

typedef struct dc3_classifier_info {
    char arch[24]; /* "resnet18", "resnet18_modified", "convnet3", ... */
    int64_t classes;
    int64_t embedding; /* values that the last linear layer sees */
    int64_t size;      /* pixels of an image's side, where the network takes only one size; else 0 */
    int64_t least;     /* pixels of an image's side at least, where the network takes many sizes */
    int64_t trained;   /* pixels of an image's side in its training, where its file says so; else 0 */
    double parameters;
} dc3_classifier_info;

/* The architecture is derived from the tensors' names and shapes; `arch`, if not NULL, must agree. Names may
 * stand behind a common prefix ("module.", "model.backbone."), the last layer may be called otherwise (head,
 * linear, fc.1), and timm's names are read too. Takes over `table`, also on failure, and nulls it.
 * DC3_ERR_UNSUPPORTED for the tensors of no network that is known and of a larger one, DC3_ERR_FORMAT where
 * some are missing. */
dc3_status dc3_classifier_open(const dc3_device *device, const char *arch, dc3_table **table,
                               dc3_classifier **classifier);
/* What a new network is made from. */
typedef struct dc3_classifier_spec {
    const char *arch;
    int64_t classes;
    int64_t size; /* pixels of an image's side */
    uint64_t seed;
} dc3_classifier_spec;
/* Opened to be trained, in f32: from *table if there is one (taken over, also on failure, and nulled), else
 * new. `spec` must agree with a table, where its values are not 0 or NULL. DC3_ERR_ARGUMENT for an unknown
 * arch, with a list of those known, and for a size that it cannot take. */
dc3_status dc3_classifier_open_to_train(const dc3_device *device, const dc3_classifier_spec *spec,
                                        dc3_table **table, dc3_classifier **classifier);
/* Its parameters and buffers, if opened to be trained. */
dc3_param *dc3_classifier_params(dc3_classifier *classifier, size_t *count);
/* Under which a file's texts say at how many pixels of a side the network was trained. */
extern const char dc3_classifier_size_key[];
/* The i-th architecture's name, NULL after the last. */
const char *dc3_classifier_arch(int i);
/* 1 if there is one of that name. */
int dc3_classifier_has_arch(const char *arch);
/* How its last layer's tensors begin: "fc", "classifier.1"; NULL for no architecture. */
const char *dc3_classifier_head(const char *arch);
/* Leaves a classifier that was opened for inference, before it runs, the outputs rows [n], each 0 to classes
 * - 1, in this order. DC3_ERR_MEMORY. */
dc3_status dc3_classifier_keep_outputs(dc3_classifier *classifier, int64_t n, const int64_t *rows);
/* Adds to `to` the tensors of a classifier that was opened for inference, under the names of its family and
 * in the types of its file, and in place of its last layer weight [n, embedding] and bias [n], f32. All must
 * live as long as `to`. */
dc3_status dc3_classifier_add_to(const dc3_classifier *classifier, int64_t n, float *weight, float *bias,
                                 dc3_table *to);
/* Before the context that it ran in is closed. Accepts NULL; nulls. */
void dc3_classifier_close(dc3_classifier **classifier);
const dc3_classifier_info *dc3_classifier_describe(const dc3_classifier *classifier);
/* How its file was read, for people: "all 122 names begin with 'module.'"; "" where there is nothing to say.
 */
const char *dc3_classifier_notes(const dc3_classifier *classifier);
/* images [n, h, w, 3] in [0, 1] less ImageNet's mean and over its deviation (dc3_classifier_normalise).
 * Returns logits [n, classes]; *embeddings [n, embedding], of a ConvNet in the order channel, row, column. */
dc3_tensor dc3_classifier_of(dc3_ctx *ctx, dc3_classifier *classifier, dc3_tensor images,
                             dc3_tensor *embeddings);
/* The embeddings alone. */
dc3_tensor dc3_classifier_embed(dc3_ctx *ctx, dc3_classifier *classifier, dc3_tensor images);
/* Of embeddings [n, embedding] alone: logits [n, classes], by the last layer, in the type of the embeddings.
 */
dc3_tensor dc3_classifier_last_of(dc3_ctx *ctx, dc3_classifier *classifier, dc3_tensor embeddings);
/* In place: `pixels` pixels of red, green, blue in [0, 1]. */
void dc3_classifier_normalise(int64_t pixels, float *rgb);

#endif
