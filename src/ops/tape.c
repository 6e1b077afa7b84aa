#include "ops/tape.h"

#include <stdlib.h>
#include <string.h>

/* A temporary that records or gradients refer to. */
typedef struct retained {
    dc3_tensor tensor;
    int references;
} retained;

/* A parameter's id and where its gradient goes. */
typedef struct watched {
    uint64_t id;
    float *gradient;
} watched;

struct dc3_tape {
    dc3_record *records;
    size_t record_count, record_capacity;
    dc3_tensor *gradients; /* of variables, by number */
    size_t variable_count, variable_capacity;
    retained *retained;
    size_t retained_count, retained_capacity;
    watched *watched; /* open addressing by id; a power of two, at most half full */
    size_t watched_count, watched_capacity;
    int paused;       /* nothing is recorded */
    dc3_tape *inside; /* of what is computed again; its `watched` is this one's */
};

dc3_status dc3_tape_open(dc3_tape **tape)
{
    *tape = calloc(1, sizeof **tape);
    return *tape ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_tape_close(dc3_tape **tape)
{
    if (!*tape) return;
    if ((*tape)->inside) (*tape)->inside->watched = NULL;
    dc3_tape_close(&(*tape)->inside);
    free((*tape)->records);
    free((*tape)->gradients);
    free((*tape)->retained);
    free((*tape)->watched);
    free(*tape);
    *tape = NULL;
}

/* Room for one more in a list. */
static dc3_status grow(void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) return DC3_OK;
    size_t more = *capacity ? 2 * *capacity : 128;
    void *larger = realloc(*(void **)list, more * size);
    if (!larger) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    *(void **)list = larger;
    *capacity = more;
    return DC3_OK;
}

static watched *place_of(watched *table, size_t capacity, uint64_t id)
{
    size_t at = id * 0x9E3779B97F4A7C15u >> 20 & (capacity - 1);
    while (table[at].id && table[at].id != id) at = (at + 1) & (capacity - 1);
    return &table[at];
}

dc3_status dc3_tape_watch(dc3_tape *t, dc3_tensor parameter, dc3_tensor gradient)
{
    if (!parameter.id || !gradient.data)
        return dc3_fail(DC3_ERR_ARGUMENT, "a parameter to be watched without an id or a gradient");
    if (2 * (t->watched_count + 1) > t->watched_capacity) {
        size_t capacity = t->watched_capacity ? 2 * t->watched_capacity : 256;
        watched *larger = calloc(capacity, sizeof *larger);
        if (!larger) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
        for (size_t i = 0; i < t->watched_capacity; i++)
            if (t->watched[i].id) *place_of(larger, capacity, t->watched[i].id) = t->watched[i];
        free(t->watched);
        t->watched = larger;
        t->watched_capacity = capacity;
    }
    watched *place = place_of(t->watched, t->watched_capacity, parameter.id);
    t->watched_count += !place->id;
    *place = (watched){parameter.id, gradient.data};
    return DC3_OK;
}

float *dc3_parameter_gradient(const dc3_ctx *ctx, dc3_tensor parameter)
{
    const dc3_tape *t = dc3_ctx_tape(ctx);
    if (!t || t->paused || !parameter.id || !t->watched_count) return NULL;
    return place_of(t->watched, t->watched_capacity, parameter.id)->gradient;
}

static retained *find_retained(dc3_tape *t, dc3_tensor x)
{
    for (size_t i = t->retained_count; x.id && i-- > 0;)
        if (t->retained[i].tensor.id == x.id) return &t->retained[i];
    return NULL;
}

/* One more reference to a tensor's memory; memory that is no temporary needs none. */
static void retain(dc3_tape *t, dc3_ctx *ctx, dc3_tensor x)
{
    retained *k = find_retained(t, x);
    if (k) {
        k->references++;
        return;
    }
    if (!dc3_ctx_detach(ctx, x)) return;
    dc3_status status = grow(&t->retained, t->retained_count, &t->retained_capacity, sizeof *t->retained);
    if (status == DC3_OK)
        t->retained[t->retained_count++] = (retained){x, 1};
    else {
        dc3_ctx_give(ctx, x);
        dc3_ctx_fail(ctx, status);
    }
}

static void release(dc3_tape *t, dc3_ctx *ctx, dc3_tensor x)
{
    retained *k = find_retained(t, x);
    if (!k || --k->references > 0) return;
    dc3_ctx_give(ctx, k->tensor);
    *k = t->retained[--t->retained_count];
}

static void release_record(dc3_tape *t, dc3_ctx *ctx, dc3_record *record)
{
    for (int i = 0; i < DC3_RECORD_SAVED; i++) release(t, ctx, record->saved[i]);
}

/* Gives up everything that is recorded; the gradients of variables too. */
static void clear(dc3_tape *t, dc3_ctx *ctx)
{
    for (size_t i = 0; i < t->retained_count; i++) dc3_ctx_give(ctx, t->retained[i].tensor);
    t->retained_count = t->record_count = t->variable_count = 0;
}

void dc3_tape_start(dc3_tape *t, dc3_ctx *ctx)
{
    clear(t, ctx);
    dc3_ctx_set_tape(ctx, t);
}

void dc3_tape_stop(dc3_tape *t, dc3_ctx *ctx)
{
    clear(t, ctx);
    dc3_ctx_set_tape(ctx, NULL);
}

static int32_t new_variable(dc3_tape *t, dc3_ctx *ctx)
{
    dc3_status status =
        grow(&t->gradients, t->variable_count + 1, &t->variable_capacity, sizeof *t->gradients);
    if (status != DC3_OK) {
        dc3_ctx_fail(ctx, status);
        return 0;
    }
    t->gradients[++t->variable_count] = (dc3_tensor){0};
    return (int32_t)t->variable_count;
}

void dc3_tape_track(dc3_tape *t, dc3_ctx *ctx, dc3_tensor *x)
{
    x->var = new_variable(t, ctx);
    if (!x->id) x->id = dc3_tensor_new_id();
}

dc3_tensor dc3_tape_gradient_of(const dc3_tape *t, dc3_tensor x)
{
    return x.var > 0 && (size_t)x.var <= t->variable_count ? t->gradients[x.var] : (dc3_tensor){0};
}

dc3_record *dc3_record_new(dc3_ctx *ctx, void (*backward)(dc3_ctx *, dc3_record *, dc3_tensor), dc3_tensor *y,
                           int count, const dc3_tensor *inputs, int parameters)
{
    dc3_tape *t = dc3_ctx_tape(ctx);
    int wanted = parameters;
    y->var = 0;
    for (int i = 0; i < count; i++) wanted |= inputs[i].var != 0;
    if (!t || t->paused || !wanted || dc3_ctx_status(ctx) != DC3_OK) return NULL;
    dc3_status status = grow(&t->records, t->record_count, &t->record_capacity, sizeof *t->records);
    if (status != DC3_OK) {
        dc3_ctx_fail(ctx, status);
        return NULL;
    }
    y->var = new_variable(t, ctx);
    if (!y->var) return NULL;
    dc3_record *record = &t->records[t->record_count++];
    memset(record, 0, sizeof *record);
    record->backward = backward;
    record->result = y->var;
    for (int i = 0; i < count; i++) record->inputs[i] = inputs[i].var;
    return record;
}

void dc3_record_save(dc3_ctx *ctx, dc3_record *record, int place, dc3_tensor x)
{
    retain(dc3_ctx_tape(ctx), ctx, x);
    record->saved[place] = x;
}

/* The tape stays known to the context while its records run backwards, but nothing is recorded: no tensor has
 * a variable then, and parameters are not asked for. */
void dc3_give_gradient(dc3_ctx *ctx, dc3_record *record, int i, dc3_tensor g)
{
    dc3_tape *t = dc3_ctx_tape(ctx);
    if (!record->inputs[i] || dc3_ctx_status(ctx) != DC3_OK) return;
    dc3_tensor *gradient = &t->gradients[record->inputs[i]];
    g.var = 0;
    if (!gradient->data) {
        retain(t, ctx, g);
        *gradient = g;
        return;
    }
    retained *k = find_retained(t, *gradient);
    dc3_tensor sum = *gradient;
    if (k && k->references > 1) {
        sum = dc3_new(ctx, g.dtype, g.ndim, g.shape);
        retain(t, ctx, sum);
    }
    dc3_op op;
    if (dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) {
        dc3_ctx_kernels(ctx)->add(g.dtype, dc3_count(&g), gradient->data, g.data, sum.data);
        dc3_op_end(&op, DC3_OK);
    }
    if (sum.id != gradient->id) release(t, ctx, *gradient);
    *gradient = sum;
}

dc3_tensor dc3_gradient_so_far(const dc3_ctx *ctx, const dc3_record *record, int i)
{
    dc3_tape *t = dc3_ctx_tape(ctx);
    dc3_tensor gradient = record->inputs[i] ? t->gradients[record->inputs[i]] : (dc3_tensor){0};
    retained *k = gradient.data ? find_retained(t, gradient) : NULL;
    return k && k->references == 1 ? gradient : (dc3_tensor){0};
}

dc3_tensor dc3_room_for_gradient(dc3_ctx *ctx, dc3_tensor dy)
{
    retained *k = find_retained(dc3_ctx_tape(ctx), dy);
    return k && k->references == 1 ? dy : dc3_new(ctx, dy.dtype, dy.ndim, dy.shape);
}

dc3_tensor dc3_own_gradient(dc3_ctx *ctx, dc3_tensor dy)
{
    dc3_tensor own = dc3_room_for_gradient(ctx, dy);
    dc3_op op;
    if (own.data == dy.data || !dc3_op_begin(&op, ctx, DC3_OP_OTHER, 0)) return own;
    dc3_ctx_kernels(ctx)->copy(dc3_bytes(&dy), dy.data, own.data);
    dc3_op_end(&op, DC3_OK);
    return own;
}

static void run_record(dc3_tape *t, dc3_ctx *ctx, dc3_record *record)
{
    dc3_tensor dy = t->gradients[record->result];
    t->gradients[record->result] = (dc3_tensor){0};
    if (dy.data && record->weight && record->weight->version != record->weight_version)
        dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_INTERNAL, "a weight was changed between forward and backward"));
    if (dy.data && dc3_ctx_status(ctx) == DC3_OK) {
        dc3_scope scope = dc3_scope_open(ctx);
        record->backward(ctx, record, dy);
        dc3_scope_close(ctx, scope);
    }
    release(t, ctx, dy);
    release_record(t, ctx, record);
}

int dc3_tape_pause(dc3_tape *t, int paused)
{
    int before = t->paused;
    t->paused = paused;
    return before;
}

dc3_tape *dc3_tape_inside(dc3_tape *t)
{
    if (!t->inside && dc3_tape_open(&t->inside) != DC3_OK) return NULL;
    t->inside->watched = t->watched;
    t->inside->watched_count = t->watched_count, t->inside->watched_capacity = t->watched_capacity;
    return t->inside;
}

dc3_tensor dc3_tape_gradient_so_far(const dc3_tape *t, const dc3_record *record, int i)
{
    return record->inputs[i] ? t->gradients[record->inputs[i]] : (dc3_tensor){0};
}

void dc3_replace_gradient(dc3_ctx *ctx, dc3_record *record, int i, dc3_tensor g)
{
    dc3_tape *t = dc3_ctx_tape(ctx);
    if (!record->inputs[i] || !g.data || dc3_ctx_status(ctx) != DC3_OK) return;
    release(t, ctx, t->gradients[record->inputs[i]]);
    t->gradients[record->inputs[i]] = (dc3_tensor){0};
    dc3_give_gradient(ctx, record, i, g);
}

void dc3_tape_begin_gradient(dc3_tape *t, dc3_ctx *ctx, dc3_tensor x, dc3_tensor g)
{
    if (!g.data || !x.var) return;
    retain(t, ctx, g);
    t->gradients[x.var] = g;
}

void dc3_tape_run(dc3_tape *t, dc3_ctx *ctx, dc3_tensor y, dc3_tensor dy)
{
    dc3_tape_begin_gradient(t, ctx, y, dy);
    for (size_t i = t->record_count; i-- > 0;) run_record(t, ctx, &t->records[i]);
    t->record_count = 0;
}

dc3_status dc3_tape_backward(dc3_tape *t, dc3_ctx *ctx, dc3_tensor loss, float scale)
{
    dc3_status status = dc3_ctx_status(ctx);
    if (status == DC3_OK && !loss.var)
        dc3_ctx_fail(ctx, dc3_fail(DC3_ERR_INTERNAL, "backward: the loss depends on no parameter"));
    dc3_tape_run(t, ctx, loss, dc3_upload(ctx, DC3_F32, 1, (int64_t[]){1}, &scale));
    dc3_ctx_set_tape(ctx, NULL);
    return dc3_ctx_status(ctx);
}
