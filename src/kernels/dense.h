/* Convolution and matrix product: the kernels that keep state (primitives, packed weights). A table, as in
 * backend.h: ref/ fills it with plain C, onednn/ with oneDNN. Activations are channels-last. `shape` and
 * `weight` are the host's, elements are memory of the device. */
#ifndef DC3_KERNELS_DENSE_H
#define DC3_KERNELS_DENSE_H

#include "kernels/backend.h"

enum { DC3_WEIGHT_PARTS = 3 };

/* A weight as its file holds it: [co, ci / groups, kh, kw] or [co, ci], any float type, in memory of the host
 * (a file's pages, which a backend reads when it packs them) or of the device (a parameter, f32). Up to three
 * parts are taken as one, one below the other along co (query, key and value projections as a single
 * product). What a backend packs for itself hangs on `packs` and is made again when `version` has moved on.
 */
typedef struct dc3_pack dc3_pack;
typedef struct dc3_weight {
    dc3_tensor part[DC3_WEIGHT_PARTS];
    int parts;
    uint64_t version;
    dc3_pack *packs;
} dc3_weight;

/* One packed form; backends extend it by putting it first in their own struct. */
struct dc3_pack { /* next, key and version are set by dc3_weight_pack */
    dc3_pack *next;
    const void *key; /* whose form it is and of what kind: an address of the backend */
    uint64_t version;
    void (*release)(dc3_pack *pack);
};

/* Rows of all parts, and elements of one row (ci * kh * kw). */
int64_t dc3_weight_rows(const dc3_weight *weight);
int64_t dc3_weight_columns(const dc3_weight *weight);
/* Converts all parts, which the host can read, to `type` into `to` [rows, columns]; then releases the
 * file's pages. */
dc3_status dc3_weight_unpack(const dc3_weight *weight, dc3_dtype type, void *to);
/* Frees the packed forms. */
void dc3_weight_release(dc3_weight *weight);
/* How a form is found and made. */
typedef struct dc3_packer {
    const void *key;
    const void *user;
    int (*fits)(const void *user,
                const dc3_pack *pack); /* one of this key is the wanted form; NULL: each is */
    /* A new one with memory, and with its own `release`. */
    dc3_status (*make)(const void *user, const dc3_weight *weight, dc3_pack **pack);
    /* Packs the weight's present values. */
    dc3_status (*fill)(const void *user, dc3_weight *weight, dc3_pack *pack);
} dc3_packer;
/* The form of the weight's present version, made or filled again at need; it stays the weight's. Threads may
 * ask for forms of one weight at the same time, as long as nobody changes its version. */
dc3_status dc3_weight_pack(dc3_weight *weight, const dc3_packer *packer, dc3_pack **pack);

typedef struct dc3_conv_shape {
    int64_t n, h, w, ci, co, kh, kw, stride;
    int64_t groups; /* of channels that see only each other (0 counts as 1); co = ci = groups: depthwise */
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    dc3_dtype type; /* of x, residual and y */
    dc3_activation act;
    int bias, residual; /* 1 if given */
    int act_last;       /* the activation comes after the residual: y = act(conv + bias + residual) */
} dc3_conv_shape;

typedef struct dc3_linear_shape {
    int64_t rows, ci, co;
    dc3_dtype type;
    dc3_activation act;
    int bias, residual;
} dc3_linear_shape;

int64_t dc3_conv_out_height(const dc3_conv_shape *shape);
int64_t dc3_conv_out_width(const dc3_conv_shape *shape);

typedef struct dc3_dense {
    const char *name;
    int by_threads; /* 1: the last bits of results depend on the number of threads */
    void *self;
    /* y [n, oh, ow, co] = act(conv(x [n, h, w, ci], weight) + bias) + residual; bias f32 [co]. y may be
     * residual. */
    dc3_status (*conv2d)(void *self, const dc3_conv_shape *shape, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y);
    /* y [rows, co] = act(x [rows, ci] weight^T + bias) + residual. */
    dc3_status (*linear)(void *self, const dc3_linear_shape *shape, const void *x, dc3_weight *weight,
                         const float *bias, const void *residual, void *y);

    /* Gradients; `shape` is the forward's (act NONE, no residual but for dx), dy that of y. Activation
     * gradients overwrite; parameter gradients accumulate in f32, in the weight's plain order. */
    /* dx [n, h, w, ci] from dy [n, oh, ow, co]; where adds_data says so and shape->residual is 1, dx +=. */
    dc3_status (*conv2d_backward_data)(void *self, const dc3_conv_shape *shape, const void *dy,
                                       dc3_weight *weight, void *dx);
    /* 1 if conv2d_backward_data can add to dx; NULL: never. */
    int (*adds_data)(void *self, const dc3_conv_shape *shape);
    /* dw [co, ci / groups, kh, kw] += from x and dy. */
    dc3_status (*conv2d_backward_weight)(void *self, const dc3_conv_shape *shape, const void *x,
                                         const void *dy, float *dw);
    /* dx [rows, ci] = dy [rows, co] weight. */
    dc3_status (*linear_backward_data)(void *self, const dc3_linear_shape *shape, const void *dy,
                                       dc3_weight *weight, void *dx);
    /* dw [co, ci] += dy^T x. */
    dc3_status (*linear_backward_weight)(void *self, const dc3_linear_shape *shape, const void *x,
                                         const void *dy, float *dw);
    void (*close)(void *self);
} dc3_dense;

/* A matrix product is a convolution of images of one pixel. */
dc3_conv_shape dc3_linear_as_conv(const dc3_linear_shape *shape);

/* ci / groups * kh * kw. */
int64_t dc3_conv_columns(const dc3_conv_shape *shape);

/* The CPU's two. */
dc3_status dc3_dense_ref(dc3_dense *dense);
dc3_status dc3_dense_onednn(dc3_dense *dense);

#endif
