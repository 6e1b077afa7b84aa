/* dc3 finetune: a generator trained further on a dataset, or a new one trained. */
#include "dc3/finetune.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/call.h"
#include "base/file.h"
#include "base/listener.h"
#include "base/options.h"
#include "finetune/class_map.h"
#include "finetune/part.h"
#include "output/output_path.h"
#include "ranks/agree.h"
#include "ranks/ranks.h"
#include "ranks/sum.h"
#include "teacher/classes.h"

/* 1 if an earlier call wrote into the folder. */
static int is_own(const char *folder)
{
    static const char *const names[] = {"finetune.json", "training.checkpoint", "encoded.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (dc3_folder_holds(folder, names[i])) return 1;
    return 0;
}

static dc3_status check_folder(const dc3_finetune_options *o)
{
    dc3_input inputs[] = {{"the dataset", o->data}, {"the model", o->model}};
    if (o->dry_run) return DC3_OK;
    DC3_TRY(dc3_output_folder_check("out", o->out, inputs, 2));
    if (!dc3_folder_occupied(o->out) || is_own(o->out)) return DC3_OK;
    return dc3_fail_setting(
        "out", "%s holds other files; expected a new folder, or one of an earlier training", o->out);
}

static dc3_status open_folder(dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    DC3_TRY(dc3_make_dirs(o->out));
    t->checkpoint = dc3_path_join(o->out, "training.checkpoint");
    return t->checkpoint ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

static dc3_status open_data(dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    dc3_finetune_report *r = t->report;
    DC3_TRY(dc3_dataset_open_given(o->data, &o->choice, NULL, NULL, &t->data));
    dc3_report_notes(&o->listener, t->data);
    if (o->strict) DC3_TRY(dc3_dataset_check_skipped(t->data));
    r->images = dc3_dataset_size(t->data);
    r->classes = dc3_dataset_classes(t->data);
    return DC3_OK;
}

/* What each image is trained under. */
static dc3_status open_subjects(dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    if (!t->model.is_dit) {
        DC3_TRY(dc3_texts_make(t->data, o->caption_template, o->captions, o->names, &t->captions));
        t->report->captions = t->captions.count - 1;
        return DC3_OK;
    }
    t->class_map = malloc((size_t)t->report->classes * sizeof *t->class_map);
    if (!t->class_map) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    return dc3_class_map(&t->model, t->data, &o->listener, t->class_map);
}

static dc3_status open_network(dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    dc3_tuning tuning = {.part = o->train,
                         .layers = t->layers,
                         .text = o->train_text_encoder,
                         .rank = o->rank,
                         .alpha = o->alpha,
                         .seed = o->seed,
                         .recompute = o->recompute};
    dc3_tuner_options options = {.dtype = t->dtype,
                                 .threads = o->threads,
                                 .optimizer = dc3_optimizer_defaults(DC3_ADAMW),
                                 .ema_decay = o->ema,
                                 .clip = o->clip,
                                 .min_snr = o->min_snr};
    options.optimizer.weight_decay = o->weight_decay;
    DC3_TRY(dc3_base_model_network(&t->model, &tuning, &o->listener, &t->net));
    DC3_TRY(dc3_noising_open(&t->model.scheduler, &t->noising));
    DC3_TRY(dc3_tuner_open(&options, &t->net, &t->noising, &t->tuner));
    t->report->trained = (double)t->net.parameters;
    t->report->parameters = t->net.dit ? dc3_dit_parameters(t->net.dit) : dc3_unet_parameters(t->net.unet);
    if (t->net.text) t->report->parameters += dc3_clip_text_parameters(t->net.text);
    return DC3_OK;
}

static dc3_status open_encoded(dc3_finetuning *t, int64_t tokens)
{
    const dc3_finetune_options *o = &t->options;
    char *path = dc3_path_join(o->out, "encoded.safetensors");
    dc3_encoding encoding = {.model = &t->model,
                             .data = t->data,
                             .captions = t->model.is_dit ? NULL : &t->captions,
                             .tokens = tokens,
                             .ids = o->train_text_encoder,
                             .size = o->size,
                             .strict = o->strict,
                             .flip = !o->no_flip,
                             .dtype = t->dtype,
                             .threads = o->threads,
                             .path = path,
                             .made = t->helps,
                             .settings = t->encoding,
                             .listener = &o->listener};
    dc3_status status =
        path ? dc3_encoded_open(&encoding, &t->encoded) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(path);
    t->report->skipped = t->encoded.skipped, t->report->cut = t->encoded.cut;
    return status;
}

static dc3_status list_readable(dc3_finetuning *t)
{
    t->readable = malloc((size_t)t->encoded.images * sizeof *t->readable);
    if (!t->readable) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; i < t->encoded.images; i++)
        if (t->encoded.readable[i]) t->readable[t->count++] = i;
    return DC3_OK;
}

/* Tokens of a text, where there are texts and nothing is encoded yet. */
static dc3_status count_tokens(const dc3_finetuning *t, int64_t *tokens)
{
    dc3_text_reader reader = {0};
    *tokens = 0;
    if (t->model.is_dit) return DC3_OK;
    dc3_status status = dc3_text_reader_open(&t->model, &reader);
    *tokens = reader.tokens;
    dc3_text_reader_close(&reader);
    return status;
}

/* What is trained, " of" which layers where it is adapters. */
static void name_part(const dc3_finetuning *t, char *text, size_t size)
{
    const char *const *names = dc3_option_names("lora_layers");
    const char *between = " of ";
    snprintf(text, size, "%s", dc3_finetune_part_name(t->options.train));
    for (int i = 0; t->options.train == DC3_FINETUNE_LORA && names[i]; i++) {
        if (!(t->layers & 1u << i)) continue;
        size_t length = strlen(text);
        snprintf(text + length, size - length, "%s%s", between, names[i]);
        between = ", ";
    }
    if (t->net.text) strcat(text, " and of the text encoder's attention");
}

static void say_what(const dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    char part[160];
    name_part(t, part, sizeof part);
    dc3_listener_say(&o->listener,
                     "%s: %lld images in %lld class%s; %s of %.2f M parameters, of which %.3f M are trained "
                     "(%s), %d px, %s, %d thread%s",
                     o->data, (long long)t->report->images, (long long)t->report->classes,
                     t->report->classes == 1 ? "" : "es", t->model.part, t->report->parameters * 1e-6,
                     t->report->trained * 1e-6, part, o->size, dc3_dtype_name(t->dtype), o->threads,
                     o->threads == 1 ? "" : "s");
}

static void fill_report(dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    dc3_finetune_report *r = t->report;
    r->steps = o->steps, r->size = o->size, r->batch = o->batch, r->accumulate = o->accumulate, r->lr = o->lr;
}

/* By several ranks each batch of a step is one's. */
static dc3_status check_ranks(const dc3_finetune_options *o)
{
    int ranks = dc3_ranks_count();
    if (o->accumulate >= ranks) return DC3_OK;
    return dc3_fail_setting(
        "accumulate",
        "expected a batch of each step for each of the %d ranks or more, best a multiple, "
        "found %d (of %d images)",
        ranks, o->accumulate, o->batch);
}

/* What rank 0 does alone before all train. *done: it is there already. */
static dc3_status prepare(dc3_finetuning *t, int64_t tokens, int *done)
{
    DC3_TRY(dc3_work_begin_alone(&t->note, t->options.out, "finetune", &t->options.listener));
    DC3_TRY(dc3_finetune_find(t, done));
    if (*done) return DC3_OK;
    DC3_TRY(dc3_finetune_fits(t, tokens));
    return open_encoded(t, tokens);
}

/* Whether all ranks want the same, before anything is changed. */
static dc3_status agree(const dc3_finetuning *t)
{
    if (dc3_ranks_count() == 1) return DC3_OK;
    json_t *all = json_loads(t->settings, 0, NULL);
    dc3_status status = dc3_ranks_agree_on(all);
    json_decref(all);
    return status;
}

static dc3_status train(dc3_finetuning *t, int64_t tokens)
{
    int done = 0;
    DC3_TRY(open_folder(t));
    DC3_TRY(dc3_finetune_describe(t));
    DC3_TRY(agree(t));
    if (!t->helps) DC3_TRY(prepare(t, tokens, &done));
    if (done) return DC3_OK;
    DC3_TRY(dc3_ranks_meet());
    if (t->helps) DC3_TRY(open_encoded(t, tokens));
    DC3_TRY(list_readable(t));
    DC3_TRY(dc3_finetune_loop(t));
    if (t->helps) return DC3_OK;
    DC3_TRY(dc3_finetune_export(t));
    unlink(t->checkpoint);
    return DC3_OK;
}

static dc3_status finetune(dc3_finetuning *t)
{
    dc3_finetune_options *o = &t->options;
    int64_t tokens;
    DC3_TRY(dc3_finetune_check(o));
    DC3_TRY(dc3_compute_type(o->dtype, &t->dtype));
    DC3_TRY(dc3_base_model_read(o->model, o->config, &t->model));
    DC3_TRY(open_data(t));
    DC3_TRY(dc3_finetune_fill(t));
    DC3_TRY(check_ranks(o));
    fill_report(t);
    if (!t->helps) DC3_TRY(check_folder(o));
    DC3_TRY(open_subjects(t));
    DC3_TRY(open_network(t));
    say_what(t);
    DC3_TRY(count_tokens(t, &tokens));
    DC3_TRY(dc3_finetune_export_check(t));
    if (!o->dry_run) return train(t, tokens);
    return t->helps ? DC3_OK : dc3_finetune_estimate(t, tokens);
}

static void close_all(dc3_finetuning *t)
{
    dc3_replicas_close(&t->replicas);
    dc3_tuned_close(&t->net);
    dc3_tuner_close(&t->tuner);
    dc3_noising_free(&t->noising);
    dc3_encoded_close(&t->encoded);
    dc3_texts_free(&t->captions);
    dc3_dataset_say_reading(t->data, &t->options.listener);
    dc3_dataset_close(&t->data);
    dc3_work_end(&t->note);
    free(t->class_map), free(t->settings), free(t->encoding), free(t->checkpoint), free(t->readable);
}

dc3_status dc3_finetune(const dc3_finetune_options *given, dc3_finetune_report *report)
{
    dc3_finetuning t = {.options = dc3_finetune_defaults(), .report = report, .start = dc3_seconds_now()};
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_finetune_report){0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_finetune_options, listener, given, &t.options));
    DC3_TRY(dc3_options_threads(&t.options.threads));
    DC3_TRY(dc3_options_need("data", t.options.data));
    DC3_TRY(dc3_options_need("model", t.options.model));
    t.helps = dc3_ranks_rank() != 0;
    dc3_ranks_mute(&t.options.listener);
    DC3_CALL_SCOPE(t.options.listener.cancel);
    dc3_status status = finetune(&t);
    report->seconds = t.before + dc3_seconds_now() - t.start;
    close_all(&t);
    return dc3_ranks_outcome(status);
}
