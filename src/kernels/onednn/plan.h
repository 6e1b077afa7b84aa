/* oneDNN primitives, made once for each shape, and weights in the formats that they want. Private to this
 * folder. */
#ifndef DC3_KERNELS_ONEDNN_PLAN_H
#define DC3_KERNELS_ONEDNN_PLAN_H

#include "kernels/cpu_convolutions.h"
#include "kernels/dense.h"
#include "kernels/onednn/compat.h"

typedef enum plan_kind {
    PLAN_CONV,          /* x, weight to y */
    PLAN_LINEAR,        /* x, weight to y */
    PLAN_CONV_DATA,     /* dy, weight to dx */
    PLAN_CONV_WEIGHT,   /* x, dy to dw */
    PLAN_LINEAR_DATA,   /* dy, weight to dx */
    PLAN_LINEAR_WEIGHT, /* x, dy to dw */
} plan_kind;

/* What names a primitive; compared as bytes, so it is zeroed first. A matrix product has its rows in conv.n
 * and images of one pixel. */
typedef struct plan_key {
    plan_kind kind;
    int threads;
    dc3_conv_shape conv;
} plan_key;

typedef struct plan {
    plan_key key;
    dnnl_primitive_desc_t pd;
    dnnl_primitive_t primitive;
    dnnl_memory_t in, weights, bias, out, residual, scratch; /* handles are set at each call */
    dc3_const_md weights_md; /* the format of the weight, or of its gradient; valid as long as pd */
    dnnl_primitive_t add;    /* PLAN_CONV_WEIGHT: adds the gradient in weights_md to the plain one, `plain` */
    dnnl_memory_t plain;
    int add_threads;         /* that `add` is made for */
    dnnl_primitive_t remake; /* PLAN_CONV_DATA: makes weights_md's form of `made_of`'s */
    dnnl_memory_t made_of;
    size_t scratch_size;
    struct plan *next;          /* in its bucket */
    struct plan *newer, *older; /* by when they were last asked for */
} plan;

/* Plans that are kept: several times more than a network and its gradients have shapes (EfficientNet-B0:
 * 187), since making one takes milliseconds. */
enum { BUCKETS = 1024, MOST_PLANS = 1024 };
typedef struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dc3_cpu_convolutions own; /* of the processor, where they are faster */
    dc3_way wanted;           /* taken wherever it can be; DC3_WAYS: what the rules say */
    dc3_way taken;            /* by the last call */
    plan *buckets[BUCKETS];
    plan *newest, *oldest;
    int count, most; /* of plans; most: MOST_PLANS, less in tests */
    void *scratch;
    size_t scratch_size;
} onednn;

/* A weight in one format. It outlives the plan that it was packed for. */
typedef struct packed {
    dc3_pack base;
    plan_kind kind; /* what reads it so: PLAN_LINEAR, PLAN_LINEAR_DATA, or PLAN_CONV for both of those */
    dnnl_memory_t memory;
    void *data;
    dnnl_primitive_t reorder; /* from `plain`, kept to pack the next version by so many threads */
    int threads;
    dnnl_memory_t plain;
} packed;

dc3_status dc3_onednn_check(dnnl_status_t result, const char *what);
dnnl_data_type_t dc3_onednn_type(dc3_dtype type);
/* The plan for `key`, made if it is new; then the one that has not been asked for the longest is freed where
 * there are too many. *out stays until the next call. */
dc3_status dc3_onednn_plan_get(onednn *d, const plan_key *key, plan **out);
/* Makes p->add and p->plain of a PLAN_CONV_WEIGHT for so many threads. */
dnnl_status_t dc3_onednn_make_add(onednn *d, plan *p, int threads);
/* Frees all plans. */
void dc3_onednn_plans_close(onednn *d);
/* The plain description of the plan's weight in `type`: oihw, goihw, or a matrix as the product reads it. */
dnnl_status_t dc3_onednn_plain_layout(const plan *p, dnnl_data_type_t type, dc3_md *md);
/* The weight in f32, all parts one behind the other in a file's order: its own memory where it lies so, else
 * a copy that is kept like a packed form. */
dc3_status dc3_onednn_plain_weight(dc3_weight *weight, const float **out);
/* The weight as a pass (not WEIGHT) of Winograd's convolution reads it, kept like a packed form. */
dc3_status dc3_onednn_winograd_weight(dc3_weight *weight, const dc3_winograd *own,
                                      const dc3_conv_shape *shape, dc3_conv_pass pass, const void **out);
/* The weight in the plan's format, packed if it is not yet or has changed since. */
dc3_status dc3_onednn_packed_weight(onednn *d, const plan *p, dc3_weight *weight, packed **out);
/* A form of the weight's present version for plans of this kind, in the format `md` or, NULL, in any; NULL
 * where there is none. */
const packed *dc3_onednn_form(const dc3_weight *weight, plan_kind kind, dc3_const_md md);

#endif
