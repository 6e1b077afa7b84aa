/* What settings may be, as constants; and the words for them, as the command line and files write them. */
#ifndef DC3_CHOICES_H
#define DC3_CHOICES_H

#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The type that networks compute in. */
typedef enum dc3_compute {
    DC3_COMPUTE_AUTO, /* "auto": bf16 where the processor computes in it, else f32 */
    DC3_COMPUTE_F32,  /* "f32" */
    DC3_COMPUTE_BF16  /* "bf16", with sums in f32 */
} dc3_compute;

/* How an image of another shape gets its size. */
typedef enum dc3_fit {
    DC3_FIT_DEFAULT = -1, /* as the call says */
    DC3_FIT_CROP,         /* "crop": the middle of it */
    DC3_FIT_SQUASH,       /* "squash": all of it, distorted */
    DC3_FIT_PAD           /* "pad": all of it, on white */
} dc3_fit;

/* What of an edit is taken over. */
typedef enum dc3_detail {
    DC3_DETAIL_DEFAULT = -1, /* as the model's directory says */
    DC3_DETAIL_KEEP,         /* "keep": only its change of colour, applied to the original at its own size */
    DC3_DETAIL_EDIT          /* "edit": the edit itself */
} dc3_detail;

/* What solves the diffusion's equation. */
typedef enum dc3_sampler_kind {
    DC3_SAMPLER_DEFAULT = -1, /* as the model's directory says */
    DC3_EULER_ANCESTRAL,      /* "euler-ancestral" */
    DC3_EULER,                /* "euler" */
    DC3_DDIM,                 /* "ddim": Song et al. 2021 */
    DC3_DPMPP_2M              /* "dpmpp-2m": DPM-Solver++ of second order, Lu et al. 2022 */
} dc3_sampler_kind;

#ifdef __cplusplus
}
#endif
#endif
