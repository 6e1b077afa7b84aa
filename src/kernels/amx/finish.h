/* From sums to results: bias, activation, residual, bf16. */
#ifndef DC3_KERNELS_AMX_FINISH_H
#define DC3_KERNELS_AMX_FINISH_H

#include "kernels/shapes.h"
#include "kernels/amx/pack.h"
#include "kernels/math.h"

/* HALF values; the loops have one length so that they become vectors. */
static inline void activate(dc3_activation act, float *v)
{
    switch (act) {
    case DC3_ACT_RELU:
        for (int i = 0; i < HALF; i++) v[i] = v[i] < 0 ? 0 : v[i];
        break;
    case DC3_ACT_SILU:
        for (int i = 0; i < HALF; i++) v[i] = v[i] / (1 + dc3_exp(-v[i]));
        break;
    case DC3_ACT_GELU_ERF:
        for (int i = 0; i < HALF; i++) v[i] = 0.5f * v[i] * (1 + dc3_erf(v[i] * 0.70710678f));
        break;
    case DC3_ACT_QUICK_GELU:
        for (int i = 0; i < HALF; i++) v[i] = v[i] / (1 + dc3_exp(-1.702f * v[i]));
        break;
    case DC3_ACT_RELU6:
        for (int i = 0; i < HALF; i++) v[i] = v[i] < 0 ? 0 : v[i] > 6 ? 6 : v[i];
        break;
    case DC3_ACT_SIGMOID:
        for (int i = 0; i < HALF; i++) v[i] = 1 / (1 + dc3_exp(-v[i]));
        break;
    case DC3_ACT_GELU_TANH:
        for (int i = 0; i < HALF; i++)
            v[i] = v[i] / (1 + dc3_exp(-1.5957691f * (v[i] + 0.044715f * v[i] * v[i] * v[i])));
        break;
    default:
        break;
    }
}

/* What follows the sums: y = act(sums + bias) + residual, or with `act_last` act(sums + bias + residual). */
typedef struct output {
    int64_t channels;         /* of a row of y and residual */
    const float *bias;        /* NULL: none */
    const uint16_t *residual; /* NULL: none */
    dc3_activation act;
    int act_last;
    uint16_t *y;
} output;

#if defined(__AVX512BF16__)

static inline __m512 activated(dc3_activation act, float *room, __m512 v)
{
    if (act == DC3_ACT_NONE) return v;
    _mm512_store_ps(room, v);
    activate(act, room);
    return _mm512_load_ps(room);
}

/* HALF of them, from channel `at` of y on; `live`: those that y has. */
static inline void finish_half(const output *o, float *sums, int64_t channel, int64_t at, __mmask16 live)
{
    __m512 v = _mm512_load_ps(sums);
    if (o->bias) v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(live, o->bias + channel));
    if (!o->act_last) v = activated(o->act, sums, v);
    if (o->residual) v = _mm512_add_ps(v, v_load_bf16(o->residual + at, live));
    if (o->act_last) v = activated(o->act, sums, v);
    _mm256_mask_storeu_epi16(o->y + at, live, (__m256i)_mm512_cvtneps_pbh(v));
}

#else

static inline void finish_half(const output *o, float *sums, int64_t channel, int64_t at, int64_t live)
{
    for (int64_t i = 0; o->bias && i < live; i++) sums[i] += o->bias[channel + i];
    if (!o->act_last) activate(o->act, sums);
    for (int64_t i = 0; o->residual && i < live; i++) sums[i] += from_bf16(o->residual[at + i]);
    if (o->act_last) activate(o->act, sums);
    for (int64_t i = 0; i < live; i++) o->y[at + i] = to_bf16(sums[i]);
}

#define v_span(count) (count)
#endif

static inline void finish_row(const output *o, float *sums, int64_t row, int64_t channel)
{
    for (int64_t h = 0; h < SIDE && channel + h < o->channels; h += HALF) {
        int64_t live = o->channels - channel - h < HALF ? o->channels - channel - h : HALF;
        finish_half(o, sums + h, channel + h, row * o->channels + channel + h, v_span(live));
    }
}

#if defined(__AVX512BF16__)

/* Of whole blocks, without an activation or by ReLU: 64 bytes of y at a time. */
static inline void finish_whole(const output *o, const float *sums, int64_t row, int64_t channel)
{
    int64_t at = row * o->channels + channel;
    __m512 low = _mm512_load_ps(sums), high = _mm512_load_ps(sums + HALF);
    if (o->bias) {
        low = _mm512_add_ps(low, _mm512_loadu_ps(o->bias + channel));
        high = _mm512_add_ps(high, _mm512_loadu_ps(o->bias + channel + HALF));
    }
    if (o->act != DC3_ACT_NONE && !o->act_last)
        low = _mm512_max_ps(_mm512_setzero_ps(), low), high = _mm512_max_ps(_mm512_setzero_ps(), high);
    if (o->residual) {
        low = _mm512_add_ps(low, v_load_bf16(o->residual + at, 0xffff));
        high = _mm512_add_ps(high, v_load_bf16(o->residual + at + HALF, 0xffff));
    }
    if (o->act != DC3_ACT_NONE && o->act_last)
        low = _mm512_max_ps(_mm512_setzero_ps(), low), high = _mm512_max_ps(_mm512_setzero_ps(), high);
    _mm512_storeu_si512(o->y + at, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

#endif

/* Sums [count][SIDE] of channels from `channel` on to the rows of y that `row` lists; -1: none. */
static inline void finish_rows(const output *o, float *sums, const int32_t *row, int64_t count,
                               int64_t channel)
{
#if defined(__AVX512BF16__)
    if (channel + SIDE <= o->channels && (o->act == DC3_ACT_NONE || o->act == DC3_ACT_RELU)) {
        for (int64_t r = 0; r < count; r++)
            if (row[r] >= 0) finish_whole(o, sums + r * SIDE, row[r], channel);
        return;
    }
#endif
    for (int64_t r = 0; r < count; r++)
        if (row[r] >= 0) finish_row(o, sums + r * SIDE, row[r], channel);
}

#endif
