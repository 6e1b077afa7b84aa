/* The settings of a training, and its defaults: of a U-Net those of diffusers' example of LoRA training
 * (train_text_to_image_lora.py, as its page calls it; of other parts the rate of train_text_to_image.py), of
 * a transformer those of MinimaxDiffusion's train_dit.py (of other parts than bias-norm DiT's own rate). */
#include <glib.h>
#include <limits.h>
#include <math.h>
#include "finetune/part.h"

void dc3_finetune_progress(const dc3_finetuning *t, const char *stage, int64_t done, int64_t total)
{
    const dc3_listener *l = &t->options.listener;
    if (l->progress) l->progress(l->user, stage, done, total);
}

dc3_finetune_options dc3_finetune_defaults(void)
{
    return (dc3_finetune_options){.struct_size = sizeof(dc3_finetune_options),
                                  .train = DC3_FINETUNE_PART_DEFAULT,
                                  .lr_schedule = DC3_FINETUNE_SCHEDULE_DEFAULT,
                                  .weight_decay = -1,
                                  .clip = -1,
                                  .ema = -1,
                                  .dropout = -1,
                                  .sample_every = 500};
}

static dc3_status whole(const char *setting, int value, int low, int high)
{
    if (value >= low && value <= high) return DC3_OK;
    return dc3_fail_setting(setting, "expected %d to %d, found %d", low, high, value);
}

/* -1 stands for the default where that is taken. */
static dc3_status real(const char *setting, double value, int has_default, double high)
{
    if ((has_default && value == -1) || (value >= 0 && value <= high)) return DC3_OK;
    return dc3_fail_setting(setting, "expected 0 to %g, found %g", high, value);
}

static dc3_status refuse_adapters(const dc3_finetune_options *o)
{
    const struct {
        const char *setting;
        int given;
    } all[] = {{"rank", o->rank != 0},
               {"alpha", o->alpha != 0},
               {"lora_layers", o->lora_layers != NULL},
               {"train_text_encoder", o->train_text_encoder}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].given) return dc3_fail_setting(all[i].setting, "only with %s lora", dc3_setting("train"));
    return DC3_OK;
}

dc3_status dc3_finetune_check(const dc3_finetune_options *o)
{
    DC3_TRY(whole("train", (int)o->train, DC3_FINETUNE_PART_DEFAULT, DC3_FINETUNE_ALL));
    DC3_TRY(whole("lr_schedule", (int)o->lr_schedule, -1, DC3_FINETUNE_COSINE));
    DC3_TRY(whole("size", o->size, 0, 4096));
    DC3_TRY(whole("steps", o->steps, 0, INT_MAX));
    DC3_TRY(whole("batch", o->batch, 0, 65536));
    DC3_TRY(whole("accumulate", o->accumulate, 0, 65536));
    DC3_TRY(whole("warm_up", o->warm_up, 0, INT_MAX));
    DC3_TRY(whole("rank", o->rank, 0, 1024));
    DC3_TRY(whole("sample_every", o->sample_every, -1, INT_MAX));
    DC3_TRY(whole("keep_every", o->keep_every, 0, INT_MAX));
    DC3_TRY(real("lr", o->lr, 0, 1e3));
    DC3_TRY(real("alpha", o->alpha, 0, 1e6));
    DC3_TRY(real("weight_decay", o->weight_decay, 1, 1e3));
    DC3_TRY(real("clip", o->clip, 1, 1e6));
    DC3_TRY(real("min_snr", o->min_snr, 0, 1e6));
    DC3_TRY(real("dropout", o->dropout, 1, 1));
    if (o->ema >= 1) return dc3_fail_setting("ema", "expected 0 to below 1, found %g", o->ema);
    DC3_TRY(real("ema", o->ema, 1, 1));
    if (o->captions && (o->names || o->caption_template))
        return dc3_fail_setting("captions", "stands in place of %s and %s; expected one of them",
                                dc3_setting("caption_template"), dc3_setting("names"));
    if (o->train > DC3_FINETUNE_LORA) DC3_TRY(refuse_adapters(o));
    if (!o->out && !o->dry_run) return dc3_fail_setting("out", "expected a folder to write, found none");
    return DC3_OK;
}

/* A bit for each of the list's words. */
static dc3_status read_layers(dc3_finetuning *t)
{
    const char *list = t->options.lora_layers ? t->options.lora_layers : "attention";
    dc3_status status = DC3_OK;
    char **words = g_strsplit(list, ",", -1);
    int place = 0;
    if (!words[0]) status = dc3_option_parse("lora_layers", "", &place);
    for (char **word = words; *word && status == DC3_OK; word++) {
        status = dc3_option_parse("lora_layers", *word, &place);
        if (status == DC3_OK) t->layers |= 1u << place;
    }
    g_strfreev(words);
    return status;
}

static dc3_status check_kind(const dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    if (!t->model.is_dit) return DC3_OK;
    if (o->captions || o->names || o->caption_template)
        return dc3_fail_setting(o->captions ? "captions"
                                : o->names  ? "names"
                                            : "caption_template",
                                "captions are for U-Nets of texts; this model is of classes");
    if (t->model.is_new && o->train != DC3_FINETUNE_ALL)
        return dc3_fail_setting("train", "of a new network all is trained, found %s",
                                dc3_finetune_part_name(o->train));
    return DC3_OK;
}

/* What is trained where no word was given. */
static dc3_status fill_part(dc3_finetuning *t)
{
    dc3_finetune_options *o = &t->options;
    if (o->train != DC3_FINETUNE_PART_DEFAULT) return DC3_OK;
    o->train = t->model.is_new   ? DC3_FINETUNE_ALL
               : t->model.is_dit ? DC3_FINETUNE_BIAS_NORM
                                 : DC3_FINETUNE_LORA;
    return o->train == DC3_FINETUNE_LORA ? DC3_OK : refuse_adapters(o);
}

static dc3_status check_size(dc3_finetuning *t)
{
    int64_t unit =
        t->model.factor * (t->model.is_dit ? t->model.dit.patch : (int64_t)1 << (t->model.unet.levels - 1));
    if (!t->options.size) t->options.size = t->model.size;
    if (t->options.size % unit == 0) return DC3_OK;
    return dc3_fail_setting("size", "expected a multiple of %lld, found %d", (long long)unit,
                            t->options.size);
}

static int steps_of(const dc3_finetuning *t)
{
    const dc3_finetune_options *o = &t->options;
    double each = (double)o->batch * o->accumulate, epochs = t->model.is_new ? 100 : 8;
    double steps = ceil(epochs * (double)dc3_dataset_size(t->data) / each);
    if (!t->model.is_dit) return 15000;
    return steps < 1 ? 1 : steps > 1e9 ? 1000000000 : (int)steps;
}

dc3_status dc3_finetune_fill(dc3_finetuning *t)
{
    dc3_finetune_options *o = &t->options;
    int dit = t->model.is_dit;
    DC3_TRY(fill_part(t));
    DC3_TRY(check_kind(t));
    DC3_TRY(check_size(t));
    DC3_TRY(read_layers(t));
    if (!o->batch) o->batch = dit ? 8 : 1;
    if (!o->accumulate) o->accumulate = dit ? 1 : 4;
    if (!o->steps) o->steps = steps_of(t);
    if (dit && o->lr == 0) o->lr = o->train == DC3_FINETUNE_BIAS_NORM ? 1e-3 : 1e-4;
    if (o->lr == 0) o->lr = o->train == DC3_FINETUNE_LORA ? 1e-4 : 1e-5;
    if (o->lr_schedule < 0) o->lr_schedule = dit ? DC3_FINETUNE_CONSTANT : DC3_FINETUNE_COSINE;
    if (o->weight_decay == -1) o->weight_decay = dit ? 0 : 0.01;
    if (o->clip == -1) o->clip = dit ? 0 : 1;
    if (o->ema == -1) o->ema = dit ? 0.9999 : 0;
    if (o->dropout == -1) o->dropout = dit ? 0.1 : 0;
    if (!o->rank) o->rank = 4;
    if (o->alpha == 0) o->alpha = o->rank;
    if (!o->caption_template) o->caption_template = "a photo of a {}";
    t->schedule = dc3_schedule_defaults();
    t->schedule.kind = o->lr_schedule == DC3_FINETUNE_COSINE ? DC3_SCHEDULE_COSINE : DC3_SCHEDULE_CONSTANT;
    t->schedule.warm_up = o->warm_up;
    t->schedule.warm_up_start = 0;
    if (o->warm_up >= o->steps)
        return dc3_fail_setting("warm_up", "expected fewer than the %d steps, found %d", o->steps,
                                o->warm_up);
    return DC3_OK;
}
