/* What a network is made from: the file's tensors, taken by name and checked against the expected shape. A
 * module owns its table, its parameters, which lie on its device, and the packed weights. The layers that
 * most networks share are in nn/layers.h. */
#ifndef DC3_NN_MODULE_H
#define DC3_NN_MODULE_H

#include "nn/param.h"
#include "tensor/device.h"
#include "tensor/table.h"

typedef struct dc3_module dc3_module;

/* How tensors begin that no file gives. A vector called "weight" begins with ones, one called "bias" that is
 * no layer's (of a norm) with zeros; running statistics with mean 0, variance 1. */
typedef enum dc3_init {
    DC3_INIT_TORCH,           /* PyTorch's own: weight and bias uniform in +- 1 / sqrt(fan in) */
    DC3_INIT_KAIMING_FAN_OUT, /* normal, deviation sqrt(2 / fan out); bias 0 (He et al. 2015) */
    DC3_INIT_NORMAL_001,      /* normal, deviation 0.01; bias 0 */
    DC3_INIT_ZERO,
    DC3_INIT_ONE,
    DC3_INIT_UNIFORM_FAN_OUT, /* uniform in +- 1 / sqrt(fan out); bias 0 (EfficientNet's last layer) */
    DC3_INIT_NORMAL_FAN_IN,   /* normal, deviation sqrt(1 / fan in); bias 0 */
    DC3_INIT_NORMAL_002,      /* normal, deviation 0.02; bias 0 */
    DC3_INIT_DIRAC, /* as TORCH, but the first kernels, one for each input channel, let it through as it is */
    DC3_INIT_XAVIER, /* uniform in +- sqrt(6 / (fan in + fan out)); bias normal, 1e-6 (ViT's inner layers) */
    DC3_INIT_NORMAL_ROWS, /* normal, deviation 1 / rows (peft's "gaussian" for the inner matrix of adapters)
                           */
    DC3_INIT_XAVIER_ROWS  /* uniform in +- sqrt(6 / (fan in + rows)), rows being the outputs, also of a
                            convolution; bias 0 (DiT's inner layers) */
} dc3_init;

/* What of a network is trained, where that is not all. */
typedef struct dc3_trained {
    int (*chosen)(const char *name); /* of a tensor: it becomes a parameter; the others stay as the file has
                                        them. The parts of a fused layer are alike. NULL: none */
    int (*adapted)(const char *name, unsigned layers); /* of a linear layer or a convolution: it gets an
                                                          adapter (nn/adapters/low_rank.h); NULL: none */
    unsigned layers;                                   /* what `adapted` is asked with */
    int64_t rank;                                      /* of adapters, */
    double alpha;                                      /* which count alpha / rank times */
    uint64_t seed;                                     /* that they begin with */
    int factors; /* layers that the network says get learned factors (nn/adapters/factors.h) */
} dc3_trained;
/* What for; all 0: to run it. */
typedef struct dc3_opening {
    int train;                  /* 1: what is taken becomes f32 parameters with gradients */
    int create;                 /* with train: a tensor that the table lacks is made, */
    uint64_t seed;              /* by this, its name and dc3_module_init */
    const dc3_trained *trained; /* in place of train: only that, copied; NULL: nothing */
} dc3_opening;
/* To train all of it: from *table if there is one, else new, by `seed`. */
static inline dc3_opening dc3_opening_to_train(dc3_table *const *table, uint64_t seed)
{
    return (dc3_opening){.train = 1, .create = !table || !*table, .seed = seed};
}
/* device: that of the context that will run it (dc3_ctx_device); NULL: the default one (dc3_device_find).
 * Takes over *table, also on failure, and nulls it; table or *table NULL: a new network. */
dc3_status dc3_module_open(const dc3_device *device, dc3_table **table, dc3_opening how, dc3_module **module);
int dc3_module_is_trainable(const dc3_module *module);
/* 1 if "prefix.name" is, or becomes when it is taken, a parameter. */
int dc3_module_trains(const dc3_module *module, const char *prefix, const char *name);
/* NULL: all that is taken is trained, or nothing. */
const dc3_trained *dc3_module_trained(const dc3_module *module);
/* The rule for the weights and biases taken from here on. */
void dc3_module_init(dc3_module *module, dc3_init init);
/* Parameters and buffers of a trainable module in the order taken, after all have been; the array is the
 * module's. NULL without memory. */
dc3_param *dc3_module_params(dc3_module *module, size_t *count);
/* Must run before the context that the weights were used in is closed. Accepts NULL; nulls. */
void dc3_module_close(dc3_module **module);
/* The first failure of the calls below; they do nothing after one. */
dc3_status dc3_module_status(const dc3_module *module);
dc3_status dc3_module_fail(dc3_module *module, dc3_status status);
const dc3_table *dc3_module_table(const dc3_module *module);
/* A tensor of numbers with a fraction that was not taken, though others whose names begin with the same part
 * were: the file is of a larger network. NULL if there is none; *count: how many there are. */
const char *dc3_module_left_over(const dc3_module *module, size_t *count);
/* Numbers taken so far. */
double dc3_module_parameters(const dc3_module *module);

/* What lives as long as the module. */
/* Zeroed memory of the host; NULL after a failure. */
void *dc3_module_alloc(dc3_module *module, size_t count, size_t size);
/* f32 memory of the device, not set; empty after a failure. */
dc3_tensor dc3_module_tensor(dc3_module *module, int ndim, const int64_t *shape);
/* The same from f32 values of the host. */
dc3_tensor dc3_module_place(dc3_module *module, int ndim, const int64_t *shape, const float *values);

/* Memory of the device that a parameter is put into, in place of its own: of the parameter's shape. */
typedef struct dc3_place {
    dc3_tensor value, gradient;
} dc3_place;

/* Tensor "prefix.name" of a float type: as the file has it, memory of the host, or of a trainable module the
 * parameter; NULL after a failure. */
const dc3_tensor *dc3_take_tensor(dc3_module *module, const char *prefix, const char *name, int ndim,
                                  const int64_t *shape);
/* Adds tensor "prefix.name" as the next part of `weight`, in a trainable module at `place` if it is not NULL.
 */
void dc3_take_weight_at(dc3_module *module, dc3_weight *weight, const char *prefix, const char *name,
                        int ndim, const int64_t *shape, const dc3_place *place);
void dc3_take_weight(dc3_module *module, dc3_weight *weight, const char *prefix, const char *name, int ndim,
                     const int64_t *shape);
/* The same of a parameter that no file has: a new one by `init`. */
void dc3_take_new_weight(dc3_module *module, dc3_weight *weight, const char *prefix, const char *name,
                         dc3_init init, int ndim, const int64_t *shape);
/* Adds a weight of the caller's own, which lives as long as the module: a parameter, or memory of the host.
 */
void dc3_take_own(dc3_module *module, dc3_weight *weight, dc3_tensor tensor);
/* Tensor "prefix.name" as the file has it, in its type, on the device, which where the host sees its memory
 * is the file's own; of a trainable module the parameter. Empty after a failure. */
dc3_tensor dc3_take_stored(dc3_module *module, const char *prefix, const char *name, int ndim,
                           const int64_t *shape);
/* The ones below are f32 on the device; empty after a failure. */
/* "prefix.name" of this shape. */
dc3_tensor dc3_take_values(dc3_module *module, const char *prefix, const char *name, int ndim,
                           const int64_t *shape);
/* "prefix.name" [n]. */
dc3_tensor dc3_take_vector(dc3_module *module, const char *prefix, const char *name, int64_t n);
/* "prefix.name" [n], the bias of a layer whose outputs each see `fan_in` values; place as above. */
dc3_tensor dc3_take_bias(dc3_module *module, const char *prefix, const char *name, int64_t n, int64_t fan_in,
                         const dc3_place *place);
/* "prefix.name" [n] into `values` of the host, as f32: for a module that is not trainable. */
void dc3_read_vector(dc3_module *module, const char *prefix, const char *name, int64_t n, float *values);
int dc3_module_has(const dc3_module *module, const char *prefix, const char *name);

enum { DC3_NAME_SIZE = 256 };
/* "prefix.name" of the printf form into text [DC3_NAME_SIZE]; returns text. */
const char *dc3_name(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
