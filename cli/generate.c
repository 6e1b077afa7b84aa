/* Images from texts or of classes. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include "dc3/generate.h"
#include "dc3/text.h"

static void print_generated(const settings *s, const dc3_generate_report *r, const char *out)
{
    char memory[DC3_NUMBER_TEXT];
    const char *sampler = dc3_sampler_kind_name(r->sampler);
    if (s->json) {
        json_t *o = json_pack("{s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:s?, s:f, s:s?, s:f, s:f}", "images",
                              (json_int_t)r->images, "classes", (json_int_t)r->classes, "made",
                              (json_int_t)r->made, "prompts_cut", (json_int_t)r->cut, "size", r->size,
                              "steps", r->steps, "batch", r->batch, "sampler", sampler, "guidance",
                              r->guidance, "dtype", dc3_compute_name(r->dtype), "parameters", r->parameters,
                              "estimate_seconds", r->estimate_seconds);
        json_object_set_new(o, "estimate_memory_megabytes", json_real(r->estimate_memory * 1e-6));
        json_object_set_new(o, "peak_megabytes", json_real(r->peak_bytes * 1e-6));
        if (!s->options.dry_run) {
            json_object_set_new(o, "seconds", json_real(r->seconds));
            json_object_set_new(o, "seconds_per_image", r->made ? json_real(r->image_seconds) : json_null());
            json_object_set_new(o, "out", json_text(out));
        }
        print_json(o);
        return;
    }
    if (s->options.dry_run) {
        char text[DC3_NUMBER_TEXT];
        printf("estimate: about %s, %s of memory\n", dc3_duration_text(r->estimate_seconds, text),
               dc3_size_text(r->estimate_memory, memory));
        return;
    }
    printf("%lld image%s of %lld class%s, %lld of them made now", (long long)r->images,
           r->images == 1 ? "" : "s", (long long)r->classes, r->classes == 1 ? "" : "es", (long long)r->made);
    if (r->made) printf(" in %.1f s, %.2f s an image", r->seconds, r->image_seconds);
    printf("; peak memory %s\nresult: %s\n", dc3_size_text(r->peak_bytes, memory), out);
}

typedef struct generate_values {
    settings common;
    dc3_generate_options options;
} generate_values;

#define AT(field) offsetof(generate_values, options.field)

static const option own_options[] = {
    {"model", 0, OPTION_MODEL, AT(model), ANY,
     "Model in the diffusers layout: Stable Diffusion 1 or 2, or a diffusion transformer of classes (DiT)",
     "DIR"},
    {"lora", 0, OPTION_MODEL, AT(lora), ANY,
     "Low-rank adapters of a Stable Diffusion, as diffusers or kohya write them", "FILE"},
    {"lora-scale", 0, OPTION_REAL, AT(lora_scale), WITHIN(-100, 100), "What the adapters count (default 1)",
     "X"},
    {"prompt", 'p', OPTION_TEXT, AT(prompt), ANY, "What the images should show", "TEXT"},
    {"prompts", 0, OPTION_PATH, AT(prompts), ANY,
     "File with a text on each line, or a class, a tab and a text; texts of a class are taken in turns",
     "FILE"},
    {"classes", 0, OPTION_PATH, AT(classes), ANY,
     "Dataset whose classes are generated; or names or numbers of the model's classes: A,B; or all",
     "DATA|A,B"},
    {"split", 0, OPTION_TEXT, AT(split), ANY,
     "Of a manifest as --classes: the classes in the rows whose split is NAME (default: in those of train)",
     "NAME"},
    {"without-classes", 0, OPTION_PATH, AT(without_classes), ANY,
     "Of a dataset as --classes: all of its classes but these", "A,B,..|FILE"},
    {"template", 0, OPTION_TEXT, AT(caption_template), ANY,
     "Prompt of a class, with {} in place of its name (default 'a photo of a {}')", "TEXT"},
    {"names", 0, OPTION_PATH, AT(names), ANY,
     "What classes are called in prompts: a file of lines such as 'n01440764 tench'", "FILE"},
    {"negative", 0, OPTION_TEXT, AT(negative), ANY, "Text that guidance leads away from (default: none)",
     "TEXT"},
    {"images", 'n', OPTION_WHOLE, AT(images), FROM_1(" images"), "Images of each text or class (default 10)",
     "N"},
    {"output", 'o', OPTION_PATH, AT(out), ANY, "Folder to make: OUT/train/CLASS/00000.png", "OUT"},
    {"size", 0, OPTION_WHOLE, AT(size), WITHIN(8, 4096), "Side of an image in pixels (default: the model's)",
     "N"},
    {"batch", 0, OPTION_WHOLE, AT(batch), WITHIN(1, 64),
     "Images at once (default: as many as take 1 GB of memory, up to 16)", "N"},
    {"dtype", 0, OPTION_WORD, AT(dtype), ANY, "Compute type: auto, f32, bf16 (default auto)", "TYPE"},
    {"format", 0, OPTION_CODING, offsetof(generate_values, common.options), ANY,
     "As for condense: png, webp, jpeg, webp:Q, jpeg:Q, avif:Q (default png)", "F"},
    {"dry-run", 0, OPTION_FLAG, AT(dry_run), ANY, "Print how long it will take and stop", NULL},
    {"fresh", 0, OPTION_FLAG, AT(fresh), ANY, "Start over in the folder of an earlier call", NULL},
    {0}};
static const option *const tables[] = {compute_options, result_options, own_options, sampling_options, NULL};

static void take_common(settings *s, dc3_generate_options *o)
{
    const dc3_condense_options *from = &s->options;
    o->steps = from->steps, o->sampler = from->sampler, o->guidance = from->guidance;
    o->format = from->format, o->quality = from->quality, o->chroma = from->chroma;
    o->seed = from->select.seed, o->threads = from->select.threads;
    o->listener = from->listener;
    s->options.dry_run = o->dry_run;
}

static int run(const command *c, int argc, char **argv)
{
    generate_values v = {.options = dc3_generate_defaults()};
    dc3_generate_options *o = &v.options;
    char **rest;
    dc3_generate_report report;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    if (rest[0])
        status = usage_error(c, "expected options, found '%s'", rest[0]);
    else if (!o->model)
        status = usage_error(c, "which model? Use --model DIR");
    else if (!o->prompt && !o->prompts && !o->classes)
        status = usage_error(c, "images of what? Use --prompt TEXT, --prompts FILE or --classes DATA");
    else if (!o->out && !o->dry_run)
        status = usage_error(c, "where should the images go? Use -o OUT");
    else {
        take_common(&v.common, o);
        status = finish(dc3_generate(o, &report), "to continue: the same command");
        if (status == EXIT_DONE) print_generated(&v.common, &report, o->out);
    }
    g_strfreev(rest);
    return status;
}

const command generate_command = {
    "generate",
    "Generate images from texts or of classes by a diffusion model.",
    "--model DIR --prompt TEXT|--prompts FILE|--classes DATA -n N -o OUT",
    "  dc3 generate --model sd15 --prompt 'a photo of a lighthouse' -n 4 -o lighthouse\n"
    "  dc3 generate --model sd15 --lora photos.safetensors --classes photos/train -n 100 -o generated\n"
    "  dc3 generate --model dit-xl-2-256 --classes 'tench,golden retriever' -n 8 --steps 50 -o dogs",
    tables,
    run};
