/* Images from texts or of classes: dc3 generate. */
#include "dc3/generate.h"

#include <sys/resource.h>
#include "base/call.h"
#include "base/listener.h"
#include "base/options.h"
#include "dc3/text.h"
#include "diffusion/edit_options.h"
#include "generate/batches.h"
#include "generate/contact.h"
#include "ranks/agree.h"
#include "ranks/folder.h"
#include "ranks/ranks.h"
#include "ranks/share.h"
#include "run_folder/work.h"
#include "teacher/classes.h"

dc3_generate_options dc3_generate_defaults(void)
{
    dc3_generate_options o = {
        .struct_size = sizeof o, .lora_scale = 1, .images = 10, .format = DC3_FORMAT_DEFAULT, .threads = 1};
    dc3_generate_options_unset(&o);
    return o;
}

static dc3_status check_range(const char *setting, double value, double least, double most)
{
    if (value >= least && value <= most) return DC3_OK;
    return dc3_fail_setting(setting, "expected %g to %g, found %g", least, most, value);
}

static dc3_status check_options(const dc3_generate_options *o)
{
    DC3_TRY(dc3_options_need("model", o->model));
    if (!o->dry_run) DC3_TRY(dc3_options_need("out", o->out));
    DC3_TRY(check_range("images", o->images, 1, 1e9));
    DC3_TRY(check_range("batch", o->batch, 0, DC3_EDIT_PROMPTS));
    return o->out ? dc3_generated_check_place(o) : DC3_OK;
}

/* What a call works with. */
typedef struct job {
    const dc3_generate_options *options;
    dc3_listener listener;
    dc3_generate_report *report;
    dc3_generator *generator;
    dc3_edit_settings settings;
    dc3_subjects subjects;
    dc3_generated folder;
    dc3_batches batches;
    int64_t missing; /* images, in batches that lack some */
} job;

static dc3_status open_model(job *j)
{
    const dc3_generate_options *o = j->options;
    dc3_generator_options options = {.lora = o->lora, .lora_scale = o->lora_scale, .threads = o->threads};
    DC3_TRY(dc3_compute_type(o->dtype, &options.dtype));
    DC3_TRY(dc3_edit_settings_of_generate(o, &j->settings)); /* their ranges, before anything is opened */
    DC3_TRY(dc3_generator_open(o->model, &options, &j->generator));
    j->settings = dc3_generator_defaults(j->generator);
    DC3_TRY(dc3_edit_settings_of_generate(o, &j->settings));
    if (o->size) j->settings.size = o->size;
    return dc3_generator_check(j->generator, &j->settings);
}

/* What was opened, what of it is not followed, and prompts that are cut or shared. */
static void say_model(const job *j)
{
    char note[1000];
    const dc3_subjects *s = &j->subjects;
    dc3_generator_info info = dc3_generator_describe(j->generator);
    dc3_listener_say(&j->listener, "generator %s: %.1f M parameters, %s, %d thread%s", info.name,
                     info.parameters * 1e-6, dc3_dtype_name(info.dtype), info.threads,
                     info.threads == 1 ? "" : "s");
    if (*dc3_generator_note(j->generator, &j->settings, note, sizeof note))
        dc3_listener_say(&j->listener, "note: %s", note);
    if (s->cut)
        dc3_listener_say(&j->listener,
                         "note: %lld prompt%s cut to the %d tokens that the model sees, the first of them of "
                         "%lld: '%.60s..'",
                         (long long)s->cut, s->cut == 1 ? " is" : "s are", s->tokens,
                         (long long)s->longest_tokens, s->longest);
    if (s->shared)
        dc3_listener_say(
            &j->listener,
            "note: '%.60s' and '%.60s' share the prompt '%.60s': images of it with the same number "
            "are the same in both%s",
            s->at[s->first[0]].name, s->at[s->first[1]].name, s->both,
            s->shared > 1 ? ", as in others that share one" : "");
}

static void fill_report(job *j)
{
    dc3_generate_report *r = j->report;
    dc3_generator_info info = dc3_generator_describe(j->generator);
    r->images = j->batches.total;
    r->classes = j->subjects.count;
    r->cut = j->subjects.cut;
    r->size = j->settings.size, r->steps = j->settings.steps, r->batch = j->batches.size;
    r->sampler = j->settings.sampler;
    r->guidance = (double)j->settings.guidance;
    r->dtype = info.dtype == DC3_BF16 ? DC3_COMPUTE_BF16 : DC3_COMPUTE_F32;
    r->parameters = info.parameters;
    r->estimate_memory = j->batches.bytes;
}

static dc3_batches batches_of(const job *j)
{
    return (dc3_batches){.options = j->options,
                         .generator = j->generator,
                         .settings = &j->settings,
                         .subjects = &j->subjects,
                         .listener = &j->listener,
                         .total = (int64_t)j->subjects.count * j->options->images,
                         .continues = j->folder.continues};
}

/* How many together, and how long all that lack will take. */
static dc3_status estimate(job *j)
{
    const dc3_generate_options *o = j->options;
    char text[DC3_NUMBER_TEXT], memory[DC3_NUMBER_TEXT];
    int64_t images, together;
    double writing;
    j->batches = batches_of(j);
    DC3_TRY(dc3_batches_plan(&j->batches, j->folder.batch ? j->folder.batch : o->batch));
    DC3_TRY(dc3_batches_missing(&j->batches, &j->folder, &j->missing));
    fill_report(j);
    images = j->missing;
    if (!images) return DC3_OK;
    DC3_TRY(
        dc3_batches_measure(&j->batches, j->folder.coding, images, &j->report->estimate_seconds, &writing));
    j->report->estimate_seconds /= dc3_ranks_count();
    together = (int64_t)j->batches.size * j->batches.workers * dc3_ranks_count();
    dc3_listener_say(&j->listener,
                     "estimate: %lld image%s of %d px in %d step%s, %lld at once, %.*f ms each to write, %s "
                     "of memory, about %s",
                     (long long)images, images == 1 ? "" : "s", j->settings.size, j->settings.steps,
                     j->settings.steps == 1 ? "" : "s", (long long)(together < images ? together : images),
                     writing < 0.1 ? 1 : 0, writing * 1e3, dc3_size_text(j->batches.bytes, memory),
                     dc3_duration_text(j->report->estimate_seconds, text));
    return DC3_OK;
}

static dc3_status make(job *j)
{
    dc3_work_note note;
    double start = dc3_seconds_now();
    int batch = j->options->batch ? j->options->batch : j->batches.size;
    DC3_TRY(dc3_generated_begin(&j->folder, batch, j->missing, &j->listener));
    dc3_work_begin(&note, j->options->out, "generate", &j->listener);
    dc3_status status = dc3_ranks_check_folder(j->options->out);
    if (status == DC3_OK) status = dc3_batches_make(&j->batches, &j->folder, &j->report->made);
    if (j->report->made) j->report->image_seconds = (dc3_seconds_now() - start) / (double)j->report->made;
    if (status == DC3_OK) status = dc3_generated_contact(&j->folder, j->settings.size);
    if (status == DC3_OK) status = dc3_generated_end(&j->folder);
    dc3_work_end(&note);
    j->listener = j->options->listener;
    return status;
}

/* What all ranks must have alike. */
static dc3_status agree(const job *j)
{
    const dc3_generate_options *o = j->options;
    json_t *all = json_copy(j->folder.settings);
    json_object_set_new(all, "images", json_integer(o->images));
    json_object_set_new(all, "threads", json_integer(o->threads));
    json_object_set_new(all, "output", dc3_json_text(o->out ? o->out : ""));
    dc3_status status = dc3_ranks_agree_on(all);
    json_decref(all);
    return status;
}

/* Opens all that the command works with. */
static dc3_status open_job(job *j)
{
    DC3_TRY(open_model(j));
    DC3_TRY(dc3_subjects_open(j->options, j->generator, &j->subjects));
    if (!dc3_ranks_rank()) say_model(j);
    DC3_TRY(dc3_generated_open(j->options, j->generator, &j->settings, &j->subjects, &j->folder));
    return agree(j);
}

static dc3_status run(job *j)
{
    DC3_TRY(open_job(j));
    DC3_TRY(estimate(j));
    return j->options->dry_run ? DC3_OK : make(j);
}

/* ---- another rank's part ---- */

static dc3_status look_at_folder(void *user, const void *known, size_t bytes)
{
    return dc3_ranks_look_at_folder(((const job *)user)->options->out, known, bytes);
}

static dc3_status serve(void *user, const void *known, size_t bytes)
{
    job *j = user;
    j->batches = batches_of(j);
    return dc3_batches_serve(&j->batches, &j->folder, known, bytes);
}

static dc3_status help(job *j)
{
    const dc3_stage stages[] = {
        {dc3_ranks_folder_stage, look_at_folder}, {dc3_batches_stage, serve}, {NULL, NULL}};
    DC3_TRY(open_job(j));
    return dc3_share_follow(stages, j);
}

static void close_job(job *j)
{
    dc3_generated_close(&j->folder);
    dc3_subjects_close(&j->subjects);
    dc3_generator_close(&j->generator);
}

dc3_status dc3_generate(const dc3_generate_options *given, dc3_generate_report *report)
{
    dc3_generate_options o = dc3_generate_defaults();
    struct rusage usage;
    double start = dc3_seconds_now();
    DC3_TRY(dc3_place_need("report", report));
    *report = (dc3_generate_report){.images = 0};
    DC3_TRY(DC3_TAKE_OPTIONS(dc3_generate_options, listener, given, &o));
    DC3_TRY(dc3_options_threads(&o.threads));
    dc3_ranks_mute(&o.listener);
    DC3_CALL_SCOPE(o.listener.cancel);
    DC3_TRY(check_options(&o));
    job j = {.options = &o, .listener = o.listener, .report = report, .folder = {.lock = {.fd = -1}}};
    dc3_status status = dc3_ranks_rank() ? help(&j) : run(&j);
    close_job(&j);
    report->seconds = dc3_seconds_now() - start;
    if (getrusage(RUSAGE_SELF, &usage) == 0) report->peak_bytes = (double)usage.ru_maxrss * 1024;
    return dc3_ranks_outcome(status);
}
