/* Images that a diffusion model generates: from texts, or of classes. */
#ifndef DC3_GENERATE_H
#define DC3_GENERATE_H

#include <stddef.h>
#include <stdint.h>
#include "dc3/choices.h"
#include "dc3/export.h"
#include "dc3/listener.h"
#include "dc3/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* NULL or 0 (or -1 where said) means the default. One of prompt, prompts and classes says what is generated.
 */
typedef struct dc3_generate_options {
    size_t struct_size;  /* set by dc3_generate_defaults; not to be changed */
    const char *model;   /* a diffusers directory: Stable Diffusion 1 or 2, or a DiT of classes */
    const char *lora;    /* low-rank adapters of a Stable Diffusion, a file or its folder; NULL: none */
    double lora_scale;   /* what they count, -100 to 100; dc3_generate_defaults sets 1, and 0 is no effect */
    const char *prompt;  /* a text; */
    const char *prompts; /* a file with a text a line, or a class, a tab and a text (docs/generators.md); */
    const char *classes; /* a dataset, whose classes; or names or numbers of the model's, "A,B"; or "all" */
    const char
        *caption_template; /* a class's prompt, "{}" standing for its name; default "a photo of a {}" */
    const char *names;     /* what classes are called in prompts: a file of lines "CLASS NAME"; or NULL */
    const char *negative;  /* what guidance leads away from, with a model of texts; default the empty text */
    const char *out;       /* folder to make */
    int images;            /* of each text or class; default 10 */
    int size;              /* pixels of a side; default the model's */
    int steps;             /* of the sampler; default the model's, else 50 */
    dc3_sampler_kind sampler;
    double guidance; /* 1: none, 0: no condition; -1, which dc3_generate_defaults sets: the model's, else 7.5
                        of texts, 4 of classes */
    int batch;       /* images at once, up to 64; default as many as take a gigabyte, up to 16 */
    dc3_compute dtype;
    dc3_image_format format;
    int quality; /* of a format with loss, as dc3_condense_options */
    dc3_chroma chroma;
    int fresh;   /* start over in the folder of an earlier call */
    int dry_run; /* stop after the estimate */
    uint64_t seed;
    int threads; /* 1 to 1024 */
    dc3_listener listener;
    const char *split; /* of a manifest as `classes`: the classes in the rows of this split; NULL: as
                          dc3_data_choice has it */
    const char *without_classes; /* of a dataset as `classes`: all but these, as dc3_data_choice has it */
} dc3_generate_options;

DC3_API dc3_generate_options dc3_generate_defaults(void);

typedef struct dc3_generate_report {
    int64_t images, classes; /* in the folder, or that would be */
    int64_t made;            /* by this call */
    int64_t cut;             /* prompts of more tokens than the model sees */
    int size, steps, batch;
    dc3_sampler_kind sampler;
    dc3_compute dtype;
    double guidance;
    double parameters;    /* of the model's networks */
    double seconds;       /* of this call */
    double image_seconds; /* of an image of it, opening the model not counted; 0: none was made */
    double peak_bytes;    /* of memory, of this process so far */
    double estimate_seconds;
    double estimate_memory; /* bytes beside what the process had before it generated */
} dc3_generate_report;

/* Writes OUT/train/CLASS/NNNNN.png, OUT/train/metadata.jsonl (file_name, label, class, prompt, seed, number),
 * OUT/contact.png, some images of each class side by side, and OUT/generate.json, the settings.
 *
 * Classifier-free guidance (Ho and Salimans 2022): e = e(none) + guidance (e(text) - e(none)). The noise of
 * an image depends on the seed, its class or prompt and its number there alone, so that more images of a
 * class, or other classes, leave those that were there as they are but for the last bits, which depend on
 * what is computed together. An interrupted call resumes when it is given again with the same settings, to
 * the same bytes. DC3_ERR_MEMORY before anything is written where the process cannot have what is needed. */
DC3_API dc3_status dc3_generate(const dc3_generate_options *options, dc3_generate_report *report);

#ifdef __cplusplus
}
#endif
#endif
