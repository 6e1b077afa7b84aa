/* The context that operations run in: device, compute type, kernels, memory of temporaries, and the first
 * failure. */
#ifndef DC3_OPS_CONTEXT_H
#define DC3_OPS_CONTEXT_H

#include "kernels/registry.h"

typedef struct dc3_ctx dc3_ctx;

typedef enum dc3_ctx_mode {
    DC3_CTX_FAST,  /* the device's best kernels */
    DC3_CTX_PLAIN, /* its simplest kernels, on the CPU plain C: for tests */
    DC3_CTX_COUNT /* compute nothing: only shapes and FLOPs, for estimates; tensors have no memory behind them
                   */
} dc3_ctx_mode;

/* device: a name that dc3_backend_find knows; NULL: the default (DC3_ERR_OPTION lists the known ones). dtype:
 * DC3_F32, or DC3_BF16 where the device computes in it (else DC3_ERR_UNSUPPORTED). threads: of the processor,
 * 1 to 4096. */
dc3_status dc3_ctx_open(const char *device, dc3_dtype dtype, int threads, dc3_ctx_mode mode, dc3_ctx **ctx);
/* One of the same device, type and mode, but with `threads`. */
dc3_status dc3_ctx_open_beside(const dc3_ctx *other, int threads, dc3_ctx **ctx);
/* Accepts NULL; nulls. */
void dc3_ctx_close(dc3_ctx **ctx);

/* Operations return an empty tensor once one of them has failed, so that a network reads in the order of its
 * data and the status is asked for at its end. */
dc3_status dc3_ctx_status(const dc3_ctx *ctx);
/* Forgets a failure, to start the next piece of work. The thread's error text stays. */
void dc3_ctx_clear(dc3_ctx *ctx);
/* Records the failure if it is the first; returns an empty tensor. */
dc3_tensor dc3_ctx_fail(dc3_ctx *ctx, dc3_status status);

const dc3_device *dc3_ctx_device(const dc3_ctx *ctx);
dc3_dtype dc3_ctx_dtype(const dc3_ctx *ctx);
int dc3_ctx_threads(const dc3_ctx *ctx);
/* From the next operation on as many, 1 to 4096. */
void dc3_ctx_set_threads(dc3_ctx *ctx, int threads);
/* How many of them the operations take from now on, 1 to all; all at first. */
void dc3_ctx_set_team(dc3_ctx *ctx, int team);
/* 1 where no byte of a result depends on how many threads there are. */
int dc3_ctx_team_is_free(const dc3_ctx *ctx);

/* Temporaries: what is made in a scope is freed with it. */
typedef size_t dc3_scope;
dc3_scope dc3_scope_open(dc3_ctx *ctx);
void dc3_scope_close(dc3_ctx *ctx, dc3_scope scope);
/* Closes the scope but hands `result` to the enclosing one; returns it. */
dc3_tensor dc3_scope_return(dc3_ctx *ctx, dc3_scope scope, dc3_tensor result);
/* Frees one temporary before its scope ends. */
void dc3_drop(dc3_ctx *ctx, dc3_tensor tensor);
/* Drops `old`, unless `now` is a view of it, and returns `now`, so that x = dc3_replace(ctx, x, f(x))
 * holds one of them. */
dc3_tensor dc3_replace(dc3_ctx *ctx, dc3_tensor old, dc3_tensor now);
/* A new uninitialised temporary of the current scope, in memory of the device. */
dc3_tensor dc3_new(dc3_ctx *ctx, dc3_dtype dtype, int ndim, const int64_t *shape);
/* `bytes` bytes of scratch for a kernel, a temporary. */
dc3_tensor dc3_scratch(dc3_ctx *ctx, size_t bytes);

/* Between host and device. All return an empty tensor after a failure. */
/* A new temporary with the values that the host holds at `host` (labels, token ids, targets), which are the
 * caller's again on return. */
dc3_tensor dc3_upload(dc3_ctx *ctx, dc3_dtype dtype, int ndim, const int64_t *shape, const void *host);
/* The values of x to the host, of x's type and dc3_bytes(&x); waits for the operations before. Nothing is
 * written after a failure or where the context only counts. */
void dc3_download(dc3_ctx *ctx, dc3_tensor x, void *host);
/* Without a copy where the device's memory is the host's. */
/* x, in memory of the host, for operations to take: a view of x, which stays until they are done, or a new
 * temporary. What is on the device already comes back as it is. */
dc3_tensor dc3_on_device(dc3_ctx *ctx, dc3_tensor x);
/* x, of the device, for the host to read: a view of x or a new temporary. Waits for the operations before. */
dc3_tensor dc3_on_host(dc3_ctx *ctx, dc3_tensor x);
/* A new temporary that the host may write, for dc3_on_device: in the device's memory where the host sees it.
 */
dc3_tensor dc3_new_host(dc3_ctx *ctx, dc3_dtype dtype, int ndim, const int64_t *shape);
/* Waits for all operations; the first failure that is known then. */
dc3_status dc3_ctx_wait(dc3_ctx *ctx);

/* The tape that operations are recorded on (ops/tape.h), or NULL. Networks train while there is one: batch
 * norms take the batch's statistics. */
struct dc3_tape *dc3_ctx_tape(const dc3_ctx *ctx);
void dc3_ctx_set_tape(dc3_ctx *ctx, struct dc3_tape *tape);
/* 1: batch norms take their running statistics also while there is a tape, and leave them as they are; 0, as
 * it is at first: they do not. */
void dc3_ctx_freeze_norms(dc3_ctx *ctx, int frozen);
int dc3_ctx_norms_are_frozen(const dc3_ctx *ctx);
/* Dropout and stochastic depth draw by seed, step and their place among the draws since this call. Off until
 * the first call; drawn only while there is a tape. */
void dc3_ctx_set_dropout(dc3_ctx *ctx, uint64_t seed, uint64_t step);
/* The seed of the next draw into *seed, or 0 where nothing is to be dropped. */
int dc3_ctx_next_draw(dc3_ctx *ctx, uint64_t *seed);
/* For the tape: takes a temporary out of every scope (1), or says that it is in none (0); gives such a one
 * back to the pool. */
int dc3_ctx_detach(dc3_ctx *ctx, dc3_tensor x);
void dc3_ctx_give(dc3_ctx *ctx, dc3_tensor x);

/* Where the time goes, by kind of operation, since the last reset. */
typedef enum dc3_op_kind {
    DC3_OP_CONV,
    DC3_OP_LINEAR,
    DC3_OP_ATTENTION,
    DC3_OP_NORM,
    DC3_OP_OTHER,
    DC3_OP_KINDS
} dc3_op_kind;
typedef struct dc3_profile {
    double seconds[DC3_OP_KINDS];
    double flops[DC3_OP_KINDS]; /* 2 for a multiply-add */
    long calls[DC3_OP_KINDS];
} dc3_profile;
const char *dc3_op_kind_name(dc3_op_kind kind);
dc3_profile dc3_ctx_profile(const dc3_ctx *ctx);
void dc3_ctx_profile_reset(dc3_ctx *ctx);
/* Bytes that temporaries take at the most so far; where the context only counts, that they would take. */
size_t dc3_ctx_bytes(const dc3_ctx *ctx);

/* For operations only. */
typedef struct dc3_op {
    dc3_ctx *ctx;
    dc3_op_kind kind;
    double flops, start;
} dc3_op;
/* 1 if the operation is to compute: no failure, not cancelled, not counting only. Starts its clock. */
int dc3_op_begin(dc3_op *op, dc3_ctx *ctx, dc3_op_kind kind, double flops);
/* Stops the clock; takes the status, and a failure of the device that is known by now. */
void dc3_op_end(dc3_op *op, dc3_status status);
const dc3_kernels *dc3_ctx_kernels(const dc3_ctx *ctx);
const dc3_dense *dc3_ctx_dense(const dc3_ctx *ctx);

#endif
