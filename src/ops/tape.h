/* The tape: what a network computed, recorded so that gradients can be taken backwards through it
 * (reverse-mode differentiation). While a context has a tape, each operation whose input or parameter is
 * differentiated adds a record with references to what its backward needs; the memory behind those lives
 * until the record is used. Gradients of parameters are added to what stands in their memory, step after step
 * until somebody zeroes it; that of an activation is made anew in each run, the sum over all that it went
 * into. Parameters and temporaries are known by their tensors' ids, never by an
 * address. A temporary that a record keeps belongs to the tape from then on, whatever its scope, and is gone
 * when the record has been used.
 *
 *     dc3_tape_watch(tape, weights, gradient);            once for each parameter
 *     dc3_tape_start(tape, ctx);
 *     loss = dc3_cross_entropy(ctx, network(ctx, x), ..);
 *     dc3_tape_backward(tape, ctx, loss);                 ends the recording
 */
#ifndef DC3_OPS_TAPE_H
#define DC3_OPS_TAPE_H

#include "ops/context.h"

typedef struct dc3_tape dc3_tape;

dc3_status dc3_tape_open(dc3_tape **tape);
/* After the contexts' recordings have ended. Accepts NULL; nulls. */
void dc3_tape_close(dc3_tape **tape);
/* The gradient of the parameter, a tensor with an id, is added to `gradient`, as many f32 values in memory of
 * the same device. Watched again: to another one from then on. */
dc3_status dc3_tape_watch(dc3_tape *tape, dc3_tensor parameter, dc3_tensor gradient);
/* Operations of ctx are recorded from here on. */
void dc3_tape_start(dc3_tape *tape, dc3_ctx *ctx);
/* Makes x a variable of its own, so that dc3_tape_gradient_of gives its gradient (for tests, and for inputs
 * that are optimised). */
void dc3_tape_track(dc3_tape *tape, dc3_ctx *ctx, dc3_tensor *x);
/* Gradients of `loss` [1] f32 times `scale` with respect to all watched parameters; ends the recording, also
 * after a failure. */
dc3_status dc3_tape_backward(dc3_tape *tape, dc3_ctx *ctx, dc3_tensor loss, float scale);
/* Ends a recording without its gradients. */
void dc3_tape_stop(dc3_tape *tape, dc3_ctx *ctx);
/* The gradient of a tracked x after backward, until the next start; empty if none came. */
dc3_tensor dc3_tape_gradient_of(const dc3_tape *tape, dc3_tensor x);

/* For operations only. */
enum { DC3_RECORD_INPUTS = 3, DC3_RECORD_SAVED = 6, DC3_RECORD_BYTES = 320 };
typedef struct dc3_record dc3_record;
struct dc3_record {
    /* Gives the inputs' gradients from dy, that of the result. dy may be passed on (dc3_give_gradient), or
     * changed where dc3_own_gradient allows. */
    void (*backward)(dc3_ctx *ctx, dc3_record *record, dc3_tensor dy);
    int32_t result, inputs[DC3_RECORD_INPUTS]; /* variables; an input 0 is not differentiated */
    dc3_tensor saved[DC3_RECORD_SAVED];
    dc3_weight *weight;
    uint64_t weight_version;                          /* when it was used; backward refuses another */
    float *gradient[2];                               /* of parameters, the device's memory, or NULL */
    _Alignas(8) unsigned char more[DC3_RECORD_BYTES]; /* sizes and options of the operation */
};

/* A record that makes *y a variable, or NULL where there is no tape or nothing to differentiate: neither an
 * input is a variable nor `parameters` (the gradient of one is wanted). */
dc3_record *dc3_record_new(dc3_ctx *ctx, void (*backward)(dc3_ctx *, dc3_record *, dc3_tensor), dc3_tensor *y,
                           int count, const dc3_tensor *inputs, int parameters);
/* Keeps a tensor for backward. */
void dc3_record_save(dc3_ctx *ctx, dc3_record *record, int place, dc3_tensor x);
/* Where the parameter's gradient is added up, memory of the device; NULL if it is not wanted, nothing is
 * recorded or the tensor is empty. */
float *dc3_parameter_gradient(const dc3_ctx *ctx, dc3_tensor parameter);
/* Adds g, a temporary or dy itself, to the gradient of input `i`; does nothing if it is not wanted. */
void dc3_give_gradient(dc3_ctx *ctx, dc3_record *record, int i, dc3_tensor g);
/* What has been given so far to input `i`, free to be added to; empty if there is none or others refer to it.
 */
dc3_tensor dc3_gradient_so_far(const dc3_ctx *ctx, const dc3_record *record, int i);
/* dy if nothing else refers to it, else a copy: free to be changed. */
dc3_tensor dc3_own_gradient(dc3_ctx *ctx, dc3_tensor dy);
/* Room for a gradient of dy's shape: dy itself if the call may change it, else a new tensor. */
dc3_tensor dc3_room_for_gradient(dc3_ctx *ctx, dc3_tensor dy);

/* For what is computed again in backward (ops/recompute.h). */
/* Nothing is recorded while it is paused, though operations compute as they do on a tape. What it was before.
 */
int dc3_tape_pause(dc3_tape *tape, int paused);
/* A tape of the same parameters, for a part of what is recorded; NULL without memory. The tape's own. */
dc3_tape *dc3_tape_inside(dc3_tape *tape);
/* What the gradient of the record's input i is so far; empty: nothing. */
dc3_tensor dc3_tape_gradient_so_far(const dc3_tape *tape, const dc3_record *record, int i);
/* g, a temporary, becomes the gradient of input i in place of what it was. */
void dc3_replace_gradient(dc3_ctx *ctx, dc3_record *record, int i, dc3_tensor g);
/* The gradient of x, which is tracked, begins with g, a temporary that may be changed. */
void dc3_tape_begin_gradient(dc3_tape *tape, dc3_ctx *ctx, dc3_tensor x, dc3_tensor g);
/* Gradients from dy, that of y, a temporary that may be changed; the recording stays. */
void dc3_tape_run(dc3_tape *tape, dc3_ctx *ctx, dc3_tensor y, dc3_tensor dy);

#endif
