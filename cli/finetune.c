/* Training of a generator. */
#include "cli.h"

#include <limits.h>
#include <stdio.h>
#include "dc3/finetune.h"
#include "dc3/text.h"

static json_t *report_json(const dc3_finetune_report *r)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:f, s:f, s:f}", "images",
                     (json_int_t)r->images, "skipped", (json_int_t)r->skipped, "classes",
                     (json_int_t)r->classes, "captions", (json_int_t)r->captions, "cut", (json_int_t)r->cut,
                     "steps", (json_int_t)r->steps, "size", r->size, "batch", r->batch, "accumulate",
                     r->accumulate, "lr", r->lr, "parameters", r->parameters, "trained", r->trained);
}

static void print_finetuning(const settings *s, const dc3_finetune_report *r, const char *out)
{
    char bytes[DC3_NUMBER_TEXT];
    if (s->json) {
        json_t *o = report_json(r);
        json_object_set_new(o, "loss", json_real(r->loss));
        json_object_set_new(o, "seconds", json_real(r->seconds));
        json_object_set_new(o, "images_per_second", json_real(r->images_second));
        json_object_set_new(o, "peak_megabytes", json_real(r->peak_bytes * 1e-6));
        json_object_set_new(o, "out", json_text(out));
        print_json(o);
        return;
    }
    printf("%lld step%s of %d x %d images in %.0f s (%.2f images/s), loss %.4f, %s of memory\n",
           (long long)r->steps, plural(r->steps), r->accumulate, r->batch, r->seconds, r->images_second,
           r->loss, dc3_size_text(r->peak_bytes, bytes));
    printf("result: %s\n", out);
}

static void print_plan(const settings *s, const dc3_finetune_report *r)
{
    if (!s->json) {
        print_estimate(s, r->estimate_seconds);
        return;
    }
    json_t *o = report_json(r);
    json_object_set_new(o, "estimate_seconds", json_real(r->estimate_seconds));
    json_object_set_new(o, "estimate_megabytes", json_real(r->estimate_bytes * 1e-6));
    print_json(o);
}

typedef struct finetune_values {
    settings common;
    dc3_finetune_options options;
    int from_scratch;
} finetune_values;

#define AT(field) offsetof(finetune_values, options.field)

static const option own_options[] = {
    {"model", 0, OPTION_MODEL, AT(model), ANY,
     "Generator in the diffusers layout: Stable Diffusion 1 or 2, or a DiT of classes; with --from-scratch "
     "of the "
     "VAE alone",
     "DIR"},
    {"train", 0, OPTION_WORD, AT(train), ANY,
     "What is trained: lora (adapters; default of a U-Net), attention, bias-norm (biases, norms, embeddings "
     "of classes and factors: DiffFit; default of a DiT), all (default from scratch)",
     "PART"},
    {"from-scratch", 0, OPTION_FLAG, offsetof(finetune_values, from_scratch), ANY,
     "Train a new DiT, as --config says, in the latents of --model's VAE", NULL},
    {"config", 0, OPTION_PATH, AT(config), ANY,
     "With --from-scratch: config.json of a DiTTransformer2DModel of diffusers", "FILE"},
    {"output", 'o', OPTION_PATH, AT(out), ANY,
     "Folder to write: pytorch_lora_weights.safetensors, or a model in the diffusers layout", "DIR"},
    {"template", 0, OPTION_TEXT, AT(caption_template), ANY,
     "Caption of an image, {} standing for its class's name (default 'a photo of a {}')", "TEXT"},
    {"names", 0, OPTION_PATH, AT(names), ANY,
     "What classes are called in captions, for folders such as n01440764: lines FOLDER NAME", "FILE"},
    {"captions", 0, OPTION_PATH, AT(captions), ANY,
     "Captions of the images: lines of JSON with file_name and text, as metadata.jsonl of diffusers' "
     "datasets",
     "FILE"},
    {"size", 0, OPTION_WHOLE, AT(size), WITHIN(8, 4096),
     "Pixels of a side (default: as the model was trained)", "N"},
    {"steps", 0, OPTION_WHOLE, AT(steps), FROM_1(" steps"),
     "Steps of the optimizer (default 15000; of a DiT as many as show each image 8 times, from scratch 100 "
     "times)",
     "N"},
    {"batch", 0, OPTION_WHOLE, AT(batch), WITHIN(1, 65536), "Images at once (default 1, of a DiT 8)", "N"},
    {"accumulate", 0, OPTION_WHOLE, AT(accumulate), WITHIN(1, 65536),
     "Batches whose gradients make a step (default 4, of a DiT 1)", "N"},
    {"lr", 0, OPTION_REAL, AT(lr), ABOVE_0(1000),
     "Learning rate (default of lora 1e-4, else 1e-5; of a DiT's bias-norm 1e-3, else 1e-4)", "X"},
    {"lr-schedule", 0, OPTION_WORD, AT(lr_schedule), ANY,
     "constant, or cosine, down to 0 (default cosine, of a DiT constant)", "NAME"},
    {"warm-up", 0, OPTION_WHOLE, AT(warm_up), WITHIN(0, INT_MAX), "Steps in which the rate rises (default 0)",
     "N"},
    {"weight-decay", 0, OPTION_REAL, AT(weight_decay), WITHIN(0, 1000),
     "Weight decay of AdamW (default 0.01, of a DiT 0)", "X"},
    {"clip", 0, OPTION_REAL, AT(clip), WITHIN(0, 1e6),
     "The most that the norm of all gradients may be, 0: anything (default 1, of a DiT 0)", "X"},
    {"ema", 0, OPTION_REAL, AT(ema), WITHIN(0, 1),
     "Decay of averages that are stored in place of the last values, 0: none (default 0, of a DiT 0.9999)",
     "X"},
    {"min-snr", 0, OPTION_REAL, AT(min_snr), WITHIN(0, 1e6),
     "Gamma of min-SNR weighting of the loss, usually 5 (default: none)", "X"},
    {"dropout", 0, OPTION_REAL, AT(dropout), WITHIN(0, 1),
     "Share of captions, or classes, that are left out, for guidance (default 0, of a DiT 0.1)", "X"},
    {"no-flip", 0, OPTION_FLAG, AT(no_flip), ANY, "Never mirror images; else half the time", NULL},
    {"rank", 0, OPTION_WHOLE, AT(rank), WITHIN(1, 1024), "Rank of adapters (default 4)", "N"},
    {"alpha", 0, OPTION_REAL, AT(alpha), ABOVE_0(1e6),
     "What adapters count: alpha / rank (default: the rank)", "X"},
    {"lora-layers", 0, OPTION_TEXT, AT(lora_layers), ANY,
     "Layers of the U-Net that get adapters: attention, feed-forward, convolutions (default attention)",
     "A,.."},
    {"train-text-encoder", 0, OPTION_FLAG, AT(train_text_encoder), ANY,
     "Adapters of the text encoder's attention, too", NULL},
    {"recompute", 0, OPTION_FLAG, AT(recompute), ANY,
     "Less memory, more time, the same result: blocks are computed again in backward", NULL},
    {"dtype", 0, OPTION_WORD, AT(dtype), ANY, "Compute type: auto, f32, bf16 (default auto)", "TYPE"},
    {"sample-every", 0, OPTION_WHOLE, AT(sample_every), WITHIN(-1, INT_MAX),
     "Steps between grids of samples in OUT/samples, 0: at the end alone, -1: none (default 500)", "N"},
    {"keep-every", 0, OPTION_WHOLE, AT(keep_every), WITHIN(0, INT_MAX),
     "Steps between copies of what is trained so far, whole results in OUT/steps/STEP (default 0: none)",
     "N"},
    {"strict", 0, OPTION_FLAG, AT(strict), ANY, "Stop at the first image that cannot be read", NULL},
    {"dry-run", 0, OPTION_FLAG, AT(dry_run), ANY, "Print how long it will take and stop", NULL},
    {"fresh", 0, OPTION_FLAG, AT(fresh), ANY, "Start over instead of resuming an interrupted training", NULL},
    {0}};
static const option *const tables[] = {compute_options, result_options,     own_options,
                                       choice_options,  unlabelled_options, NULL};

static int check(const command *c, const finetune_values *v)
{
    const dc3_finetune_options *o = &v->options;
    if (!o->model) return usage_error(c, "which model? Use --model DIR");
    if (!o->out && !o->dry_run) return usage_error(c, "where should the result go? Use -o DIR");
    if (v->from_scratch && !o->config) return usage_error(c, "--from-scratch: needs --config");
    if (o->config && !v->from_scratch) return usage_error(c, "--config: needs --from-scratch");
    return EXIT_DONE;
}

static int run(const command *c, int argc, char **argv)
{
    finetune_values v = {.options = dc3_finetune_defaults()};
    dc3_finetune_options *o = &v.options;
    char **rest;
    dc3_finetune_report report;
    int status = parse(c, argc, argv, &v, &rest);
    if (status != EXIT_DONE) return status;
    status = one_word(c, rest, "dataset", "dataset");
    if (status == EXIT_DONE) status = check(c, &v);
    if (status == EXIT_DONE) {
        o->data = rest[0];
        o->choice = v.common.options.choice;
        o->seed = v.common.options.select.seed;
        o->threads = v.common.options.select.threads;
        o->listener = v.common.options.listener;
        status = finish(dc3_finetune(o, &report), "to continue: the same command");
        if (status == EXIT_DONE && o->dry_run)
            print_plan(&v.common, &report);
        else if (status == EXIT_DONE)
            print_finetuning(&v.common, &report, o->out);
    }
    g_strfreev(rest);
    return status;
}

const command finetune_command = {
    "finetune",
    "Train a generator further on a dataset: Stable Diffusion with LoRA, DiT; or a new one.",
    "DATA --model DIR -o DIR",
    "  dc3 finetune photos-ipc50/train --model stable-diffusion-v1-5 --train lora --recompute -o "
    "photos-lora\n"
    "  dc3 finetune photos-ipc50/train --model DiT-XL-2-256 --train bias-norm -o photos-dit\n"
    "  dc3 finetune cifar10/train --from-scratch --config transformer.json --model models/dc3-mini -o "
    "small-dit\n"
    "  dc3 finetune photos.csv --split train --classes cat,dog --model stable-diffusion-v1-5 -o pets-lora",
    tables,
    run};
