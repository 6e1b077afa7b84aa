/* An editor that is opened once and edits images in memory, as `dc3 edit` edits a file. */
#ifndef DC3_EDITOR_H
#define DC3_EDITOR_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/choices.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One diffusion model, its weights mapped and packed, with memory for its work. One call at a time may use
 * it; several of them may work at once on several threads. */
typedef struct dc3_image_editor dc3_image_editor;

typedef struct dc3_image_editor_options {
    size_t struct_size; /* set by dc3_image_editor_defaults; not to be changed */
    dc3_compute dtype;  /* DC3_COMPUTE_BF16 where the processor has none: DC3_ERR_UNSUPPORTED */
    int threads;        /* 1 to 1024, default 1; the last bits of a pixel may depend on it */
    const char *lora;   /* low-rank adapters, as dc3_condense_options has them; NULL: none */
    double lora_scale;  /* what they count, -100 to 100; dc3_image_editor_defaults sets 1 */
} dc3_image_editor_options;

DC3_API dc3_image_editor_options dc3_image_editor_defaults(void);

/* Opens a directory of the diffusers layout with an InstructPix2Pix model (Brooks et al. 2023) in
 * safetensors. DC3_ERR_IO or DC3_ERR_FORMAT where it is missing or damaged, DC3_ERR_UNSUPPORTED where it is
 * another network; *editor is NULL then. */
DC3_API dc3_status dc3_image_editor_open(const char *directory, const dc3_image_editor_options *options,
                                         dc3_image_editor **editor);
/* Accepts NULL and a pointer to NULL; nulls the pointer. */
DC3_API void dc3_image_editor_close(dc3_image_editor **editor);

typedef struct dc3_image_editor_info {
    char name[128];    /* the directory's last component; of a model in the hub's cache OWNER/NAME@COMMIT */
    dc3_compute dtype; /* in use: never DC3_COMPUTE_AUTO */
    double parameters; /* of all its networks */
    /* What an edit is made with where its options say nothing else. */
    int size;  /* pixels of a side of the square that the model works on */
    int steps; /* of the sampler */
    dc3_sampler_kind sampler;
    dc3_detail detail;
    double guidance, image_guidance;
} dc3_image_editor_info;

/* All zero for NULL. */
DC3_API dc3_image_editor_info dc3_image_editor_describe(const dc3_image_editor *editor);

/* The names of the concepts that a small model knows ("golden hour", ..), NULL behind the last, the editor's;
 * NULL where it knows any text. Prompts without a word of them change next to nothing, which the edit's
 * listener is told. */
DC3_API const char *const *dc3_image_editor_concepts(const dc3_image_editor *editor);

typedef struct dc3_image_edit_options {
    size_t struct_size; /* set by dc3_image_edit_defaults; not to be changed */
    int size;  /* pixels of a side of the square that the model works on: a multiple of what its networks
                  halve, at most 4096; 0: the model's */
    int steps; /* of the sampler, 1 to 1000; 0: the model's */
    dc3_sampler_kind sampler;
    dc3_detail detail;
    double guidance;       /* of the text, 0 to 100; -1: the model's */
    double image_guidance; /* of the image, 0 to 100; -1: the model's */
    dc3_listener listener; /* hears of each image, in the stage "edits" */
} dc3_image_edit_options;

DC3_API dc3_image_edit_options dc3_image_edit_defaults(void);

/* Edits `n` images of one size, each with a prompt of its own.
 *
 * images [n, height, width, 3]: 8 bits each of red, green and blue (sRGB), row by row without gaps, width and
 * height 1 to 16384. prompts [n]: texts of 1 to 199 bytes; one that begins with a capital letter and has
 * several words is the instruction itself, of another ("rainy") one is made. seeds [n]: what the noise of an
 * edit is drawn from, together with its prompt; NULL: all 0. edits [n, height, width, 3], memory of the
 * caller that does not overlap with `images`, as bytes like them.
 *
 * All of an image is squashed to the model's square and edited; with DC3_DETAIL_KEEP only the change of
 * colour comes back to the image's own pixels, with DC3_DETAIL_EDIT the edit itself, brought to the image's
 * shape. An image's edit depends on the image, its prompt, its seed and the settings alone, not on the
 * others, and has the pixels that `dc3 edit --seed` stores for the same image in a PNG file. So no two images
 * are computed together, which may change the last bits: with a small model they are edited side by side, a
 * thread each, where that changes none (docs/architecture.md, Determinism), else one after the other.
 *
 * DC3_ERR_OPTION for a setting out of range and DC3_ERR_ARGUMENT for another argument, DC3_ERR_UNSUPPORTED
 * for a sampler that the model cannot run with, DC3_ERR_CANCELLED, DC3_ERR_MEMORY; edits that were done
 * before that are complete, the others undefined. The editor may be used again after any failure. */
DC3_API dc3_status dc3_image_editor_edit(dc3_image_editor *editor, const dc3_image_edit_options *options,
                                         int64_t n, int height, int width, const uint8_t *images,
                                         const char *const *prompts, const uint64_t *seeds, uint8_t *edits);

#ifdef __cplusplus
}
#endif
#endif
