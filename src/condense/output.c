/* The run folder: OUT/dc3.json (settings), OUT/selection.json, OUT/map.json (of the classes, for
 * the report), OUT/pictures.txt (names of what is or will be stored), OUT/skipped.txt, OUT/train/<class>/ and
 * OUT/train/metadata.jsonl. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "dc3/progress.h"
#include "output/output_path.h"
#include "run_folder/chosen_table.h"
#include "run_folder/calibration.h"
#include "run_folder/clear.h"
#include "run_folder/selection_file.h"
#include "run_folder/store.h"
#include "run_folder/stored_images.h"
#include "run_folder/stored_names.h"
#include "run_folder/work.h"
#include "methods/chosen.h"
#include "condense/output.h"
#include "condense/same_run.h"
#include "condense/settings.h"
#include "features/passed_over.h"
#include "features/run_teacher.h"
#include "features/skipped.h"
#include "kernels/backend.h"
#include "run_folder/document.h"
#include "teacher/check.h"
#include "train/both_teachers.h"

const char dc3_nowhere[] = "/dev/null/none";

static json_t *document(const dc3_output *output, int complete)
{
    const dc3_run *run = output->run;
    json_t *o = json_object(), *classes = json_array();
    for (int i = 0; i < dc3_dataset_classes(run->dataset); i++)
        if (output->labels[i] >= 0)
            json_array_append_new(classes, dc3_json_text(dc3_dataset_class_name(run->dataset, i)));
    json_object_set_new(o, "program", json_string("dc3"));
    json_object_set_new(o, "version", json_string(dc3_version()));
    json_object_set_new(o, "kernels", json_string(dc3_kernels_best()->name));
    json_object_set_new(o, "complete", json_boolean(complete));
    json_object_set_new(o, "settings", dc3_run_settings(run));
    json_object_set_new(o, "classes", classes);
    if (run->teacher.net) json_object_set_new(o, "teacher", dc3_teacher_to_json(&run->teacher));
    if (run->teacher.net && run->trains) dc3_own_teacher_describe(run->teacher_path, o);
    if (json_array_size(run->choices)) json_object_set(o, "budget_choices", run->choices);
    json_t *choice = dc3_run_teacher_choice(run);
    if (choice) json_object_set_new(o, dc3_both_teachers_key, choice);
    return o;
}

/* 1 if nothing of a run that says it is complete has been lost. */
static int is_whole(const dc3_output *o)
{
    dc3_progress p;
    const dc3_run *run = o->run;
    if (run->trains && dc3_path_what(run->teacher_path) != DC3_PATH_FILE) return 0;
    if (dc3_progress_read(o->folder, &p) != DC3_OK) return 0;
    int whole = p.complete && p.has_database && p.chosen > 0 && p.stored == p.chosen && !p.gone;
    dc3_progress_free(&p);
    return whole;
}

/* Whether the folder is new, ours to continue, ours to clear, or somebody else's. */
static dc3_status look_at(dc3_output *o, const char *path, json_t *now)
{
    json_t *old = NULL;
    o->clears = o->continues = o->whole = 0;
    if (dc3_path_what(path) != DC3_PATH_FILE) {
        if (!dc3_folder_occupied(o->folder)) return DC3_OK;
        return dc3_fail(DC3_ERR_ARGUMENT, "%s: holds files that dc3 did not make; choose a new folder",
                        o->folder);
    }
    dc3_status status = dc3_json_read(path, DC3_DOCUMENT_LIMIT, &old);
    const char *program = json_string_value(json_object_get(old, "program"));
    if (status == DC3_OK && (!program || strcmp(program, "dc3") != 0))
        status = dc3_fail(DC3_ERR_ARGUMENT, "%s: was not made by dc3; choose a new folder", path);
    if (status == DC3_OK && o->run->options->fresh)
        o->clears = 1;
    else if (status == DC3_OK) {
        status = dc3_same_run(o->folder, json_object_get(old, "settings"), json_object_get(now, "settings"));
        o->continues = status == DC3_OK;
        o->whole = o->continues && json_is_true(json_object_get(old, "complete")) && is_whole(o);
    }
    json_decref(old);
    return status;
}

static dc3_status look(dc3_output *o)
{
    char *path = dc3_path_join(o->folder, "dc3.json");
    json_t *now = path ? document(o, 0) : NULL;
    dc3_status status = now ? look_at(o, path, now) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_decref(now);
    free(path);
    return status;
}

static dc3_status check_no_link(const char *path)
{
    if (!path) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (!dc3_path_is_link(path)) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT, "%s: expected a folder, found a symbolic link", path);
}

/* The run's folder and what is read must not lie in each other: what one run stores another would read, and
 * starting over would remove. */
static dc3_status check_place(const dc3_run *run, const char *train)
{
    const dc3_condense_options *o = run->options;
    char *edits = dc3_path_join(o->out, "edits"),
         *calibration = dc3_path_join(o->out, dc3_calibration_folder);
    const dc3_input inputs[] = {{"the dataset", o->data},
                                {"the editor", o->editor},
                                {"the adapters", o->lora},
                                {"the features", o->features}};
    dc3_status status = edits ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && o->out != dc3_nowhere) status = dc3_output_folder_check("out", o->out, inputs, 4);
    if (status == DC3_OK) status = dc3_own_teacher_check_kept(o);
    if (status == DC3_OK && run->trains && !o->fresh) status = dc3_own_teacher_check_file(run->teacher_path);
    if (status == DC3_OK) status = check_no_link(train);
    if (status == DC3_OK) status = check_no_link(edits);
    if (status == DC3_OK) status = check_no_link(calibration);
    free(calibration);
    free(edits);
    return status;
}

dc3_status dc3_output_open(dc3_run *run, dc3_output *o)
{
    int classes = dc3_dataset_classes(run->dataset);
    *o = (dc3_output){.run = run,
                      .folder = strdup(run->options->out),
                      .train = dc3_path_join(run->options->out, "train"),
                      .labels = malloc((size_t)classes * sizeof *o->labels),
                      .lock = {.fd = -1}};
    dc3_status status = dc3_class_folders(run->dataset, &o->folders);
    run->skipped_path = dc3_path_join(run->options->out, "skipped.txt");
    if (status == DC3_OK && (!o->folder || !o->train || !o->labels))
        status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_store_check_folders(run->options, o->folders, classes);
    for (int i = 0; status == DC3_OK && i < classes; i++) o->labels[i] = i;
    if (status == DC3_OK) status = check_place(run, o->train);
    if (status == DC3_OK) status = look(o);
    if (status == DC3_OK && (o->continues || o->clears) && !run->options->dry_run)
        status = dc3_lock_take(o->folder, &run->options->listener, &o->lock);
    if (status != DC3_OK) dc3_output_close(o);
    return status;
}

static void noted(void *run, int64_t done, int64_t total)
{
    dc3_run_progress(run, "noting inputs", done, total);
}

/* What nothing can come of is refused before anything changes. With strict that is a dataset whose images are
 * not those that the run began with. */
static dc3_status check_inputs(const dc3_output *o)
{
    char text[900];
    if (!o->run->options->strict) return DC3_OK;
    DC3_TRY(dc3_state_look(o->folder, o->run->dataset, text, sizeof text));
    if (!*text) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: the images are not those with which the run began (%s); put them back, or use "
                    "%s to start over (%s)",
                    o->run->options->data, text, dc3_setting("fresh"), dc3_setting("strict"));
}

/* Compares the inputs with those that the run began with. Where they differ the run continues, since a long
 * run is worth more than one image: what was chosen stays chosen, and what cannot be read any more is
 * skipped. */
static dc3_status compare_inputs(const dc3_output *o)
{
    char text[900];
    dc3_run *run = o->run;
    DC3_TRY(dc3_state_compare(run->state, run->dataset, text, sizeof text));
    if (!*text) return DC3_OK;
    dc3_run_say(run,
                "warning: %s: the images are not those with which the run began (%s); what was chosen before "
                "stays chosen; %s starts over",
                run->options->data, text, dc3_setting("fresh"));
    return dc3_state_list(run->state, run->dataset, noted, run);
}

/* Opens the folder's database, and notes the inputs or compares them. */
static dc3_status open_state(const dc3_output *o)
{
    char remark[400];
    int made;
    DC3_TRY(dc3_state_open(o->folder, &o->run->state, &made, remark, sizeof remark));
    if (*remark) dc3_run_say(o->run, "%s", remark);
    return made ? dc3_state_list(o->run->state, o->run->dataset, noted, o->run) : compare_inputs(o);
}

static dc3_status write_document(const dc3_output *o, int complete)
{
    json_t *now = document(o, complete);
    dc3_status status = DC3_OK;
    if (complete && o->run->options->store == DC3_STORE_TAR)
        status = dc3_stored_images_describe(o->train, o->run->report->stored, now);
    if (status == DC3_OK) status = dc3_json_write(o->folder, "dc3.json", now, JSON_PRESERVE_ORDER);
    json_decref(now);
    return status;
}

dc3_status dc3_output_claim(dc3_output *o)
{
    if (!o->lock.path) { /* somebody may have been faster since the first look */
        DC3_TRY(dc3_make_dirs(o->folder));
        DC3_TRY(dc3_lock_take(o->folder, &o->run->options->listener, &o->lock));
        DC3_TRY(look(o));
    }
    return o->continues ? check_inputs(o) : DC3_OK;
}

dc3_status dc3_output_start(const dc3_output *o)
{
    if (o->clears) DC3_TRY(dc3_work_check(o->folder));
    if (o->clears) DC3_TRY(dc3_clear_run(o->folder));
    DC3_TRY(dc3_clear_parts(o->folder)); /* also of one that was killed before its dc3.json was there */
    /* Before train/, since a folder that holds anything else is not taken for ours when the command is given
     * again. */
    if (!o->continues) DC3_TRY(write_document(o, 0));
    DC3_TRY(dc3_make_dirs(o->train));
    return open_state(o);
}

dc3_lock dc3_output_hand_over_lock(dc3_output *o)
{
    dc3_lock lock = o->lock;
    o->lock = (dc3_lock){.fd = -1};
    return lock;
}

void dc3_output_close(dc3_output *o)
{
    if (o->run) dc3_state_close(&o->run->state, o->complete);
    dc3_lock_release(&o->lock);
    if (o->folders) dc3_class_folders_free(o->run->dataset, o->folders);
    free(o->folder);
    free(o->train);
    free(o->labels);
    dc3_shards_close(&o->shards);
    *o = (dc3_output){.lock = {.fd = -1}};
}

/* What the earlier part reported: images that were read, skipped, repeated. */
static dc3_status read_counts(dc3_run *run, const json_t *selection)
{
    run->report->readable = json_integer_value(json_object_get(selection, "readable"));
    run->report->repeated = json_integer_value(json_object_get(selection, "repeated"));
    run->report->copies = json_integer_value(json_object_get(selection, "copies"));
    run->report->conflicts = json_integer_value(json_object_get(selection, "conflicts"));
    return dc3_run_skip_listed(run, json_object_get(selection, "skipped"));
}

/* One part: [number, key], of a square [number, key, left, top, side, loss]; where it is known how it was
 * chosen {"bin", "rank", "gain"} comes last. */
static json_t *part_to_json(const dc3_run *run, const dc3_part *part)
{
    json_t *o = json_array();
    json_array_append_new(o, json_integer(part->item));
    json_array_append_new(o, dc3_json_text(dc3_dataset_key(run->dataset, part->item)));
    if (part->box.side) {
        json_array_append_new(o, json_integer(part->box.left));
        json_array_append_new(o, json_integer(part->box.top));
        json_array_append_new(o, json_integer(part->box.side));
        json_array_append_new(o, json_real(part->loss));
    }
    if (!part->rank) return o;
    json_t *how = json_object();
    dc3_part_to_json(part, how);
    json_array_append_new(o, how);
    return o;
}

static dc3_status part_of_json(const dc3_run *run, const char *path, const json_t *o, dc3_part *part)
{
    int64_t number = json_integer_value(json_array_get(o, 0));
    const char *key = json_string_value(json_array_get(o, 1));
    json_t *now = number >= 0 && number < dc3_dataset_size(run->dataset)
                      ? dc3_json_text(dc3_dataset_key(run->dataset, number))
                      : NULL;
    int same = key && now && strcmp(key, json_string_value(now)) == 0;
    json_decref(now);
    if (!same)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: '%.200s' was selected but is not where it was in the dataset: files were removed or "
            "added; put them back, or use %s to start over",
            path, key ? key : "(no name)", dc3_setting("fresh"));
    *part = (dc3_part){.item = number};
    const json_t *how = json_array_get(o, json_array_size(o) - 1);
    if (json_is_object(how)) dc3_part_of_json(how, part);
    part->box.left = (int)json_integer_value(json_array_get(o, 2));
    part->box.top = (int)json_integer_value(json_array_get(o, 3));
    part->box.side = (int)json_integer_value(json_array_get(o, 4));
    part->loss = json_number_value(json_array_get(o, 5));
    return DC3_OK;
}

dc3_status dc3_output_read_selection(const dc3_output *o, dc3_chosen *chosen)
{
    char *path = dc3_path_join(o->folder, dc3_selection_file);
    json_t *object = NULL;
    *chosen = (dc3_chosen){0};
    dc3_status status = path ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK && o->continues) status = dc3_selection_file_read(o->folder, &object);
    json_t *list = json_object_get(object, "items");
    size_t n = json_array_size(list);
    if (status == DC3_OK && n) {
        chosen->parts = calloc(n, sizeof *chosen->parts);
        if (!chosen->parts) status = dc3_fail(DC3_ERR_MEMORY, "out of memory");
        if (n % (size_t)o->run->each)
            status = dc3_fail(DC3_ERR_FORMAT, "%s: expected a multiple of %d items, found %zu; use %s", path,
                              o->run->each, n, dc3_setting("fresh"));
        for (size_t i = 0; status == DC3_OK && i < n; i++)
            status = part_of_json(o->run, path, json_array_get(list, i), &chosen->parts[i]);
        chosen->count = (int64_t)n / o->run->each;
    }
    if (status == DC3_OK && n) status = read_counts(o->run, object);
    if (status != DC3_OK) dc3_chosen_free(chosen);
    json_decref(object);
    free(path);
    return status;
}

dc3_status dc3_output_write_selection(const dc3_output *o, const dc3_chosen *chosen)
{
    json_t *list = json_array(), *object = json_object();
    for (int64_t i = 0; i < chosen->count * o->run->each; i++)
        json_array_append_new(list, part_to_json(o->run, &chosen->parts[i]));
    json_object_set_new(object, "readable", json_integer(o->run->report->readable));
    json_object_set_new(object, "repeated", json_integer(o->run->report->repeated));
    json_object_set_new(object, "copies", json_integer(o->run->report->copies));
    json_object_set_new(object, "conflicts", json_integer(o->run->report->conflicts));
    json_object_set_new(object, "skipped", json_incref(o->run->skipped));
    dc3_status status = dc3_passed_over_add(o->run, object);
    json_object_set_new(object, "items", list);
    if (status == DC3_OK) status = dc3_json_write(o->folder, dc3_selection_file, object, JSON_PRESERVE_ORDER);
    json_decref(object);
    return status == DC3_OK ? dc3_run_write_skipped(o->run) : status;
}

dc3_status dc3_output_name(const dc3_output *o, const dc3_part *part, char **relative, char **path)
{
    char stem[120], name[512], ending[DC3_ENDING_TEXT];
    const char *folder = o->folders[dc3_dataset_label(o->run->dataset, part->item)];
    const char *key = dc3_dataset_key(o->run->dataset, part->item), *slash = strrchr(key, '/'),
               *base = slash ? slash + 1 : key;
    const char *dot = strrchr(base, '.');
    (o->run->options->store == DC3_STORE_TAR ? dc3_stored_key : dc3_stored_stem)(
        base, dot && dot > base ? (size_t)(dot - base) : strlen(base), stem, sizeof stem);
    snprintf(ending, sizeof ending, "%s", dc3_image_extension(o->run->coding.format));
    if (dc3_store_keeps(o->run->options)) DC3_TRY(dc3_dataset_ending(o->run->dataset, part->item, ending));
    snprintf(name, sizeof name, "%s/%03d-%s%s", folder, part->place, stem, ending);
    *relative = strdup(name);
    *path = dc3_path_join(o->train, name);
    if (*relative && *path) return DC3_OK;
    free(*relative);
    free(*path);
    return dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

char *dc3_metadata_line(const dc3_run *run, int number, const char *relative, const dc3_part *parts)
{
    int label = dc3_dataset_label(run->dataset, parts->item);
    json_t *o = json_object();
    json_object_set_new(o, "file_name", dc3_json_text(relative));
    json_object_set_new(o, "label", json_integer(number));
    json_object_set_new(o, "class", dc3_json_text(dc3_dataset_class_name(run->dataset, label)));
    json_object_set_new(o, "source", dc3_json_text(dc3_dataset_key(run->dataset, parts->item)));
    json_object_set_new(o, "method", json_string(run->method->words->name));
    if (!parts->box.side) json_object_set_new(o, "repeat", json_integer(parts->repeat));
    if (!parts->box.side) dc3_part_to_json(parts, o);
    dc3_describe_patches(run, parts, o);
    run->synthesis->describe(run, parts, o);
    char *line = json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(o);
    return line;
}

/* Numbers the classes that have an image, as ImageFolder does. */
static void number_classes(dc3_output *o, const dc3_chosen *chosen)
{
    const dc3_run *run = o->run;
    int n = dc3_dataset_classes(run->dataset), next = 0;
    for (int i = 0; i < n; i++) o->labels[i] = -1;
    for (int64_t i = 0; i < chosen->count; i++)
        if (chosen->stored[i])
            o->labels[dc3_dataset_label(run->dataset, chosen->parts[i * run->each].item)] = 0;
    for (int i = 0; i < n; i++)
        if (o->labels[i] == 0)
            o->labels[i] = next++;
        else
            dc3_run_say(run, "warning: class '%s' has no image; classes after it are numbered one lower",
                        dc3_dataset_class_name(run->dataset, i));
}

static dc3_status note_image(const dc3_output *o, const dc3_part *parts, int64_t image)
{
    char *relative, *path;
    DC3_TRY(dc3_output_name(o, parts, &relative, &path));
    dc3_status status = dc3_state_choose(o->run->state, image, relative);
    for (int k = 0; status == DC3_OK && k < o->run->each; k++)
        status = dc3_state_part(o->run->state, image, k, parts[k].item);
    free(relative);
    free(path);
    return status;
}

/* Notes what will be stored, unless the database has it from an earlier part of the run. */
static dc3_status note_images(const dc3_output *o, const dc3_chosen *chosen)
{
    dc3_state *state = o->run->state;
    if (dc3_state_images(state) == chosen->count) return DC3_OK;
    DC3_TRY(dc3_state_begin(state));
    DC3_TRY(dc3_state_unchoose(state));
    for (int64_t i = 0; i < chosen->count; i++) DC3_TRY(note_image(o, chosen->parts + i * o->run->each, i));
    return dc3_state_commit(state);
}

dc3_status dc3_output_plan(const dc3_output *o, const dc3_chosen *chosen)
{
    char *path = dc3_path_join(o->folder, "pictures.txt");
    dc3_draft names = {0};
    dc3_status status = path ? dc3_draft_open(&names) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; status == DC3_OK && i < chosen->count; i++) {
        char *relative, *file;
        status = dc3_output_name(o, chosen->parts + i * o->run->each, &relative, &file);
        if (status != DC3_OK) break;
        fprintf(names.file, "%s\n", relative);
        free(relative);
        free(file);
    }
    status = dc3_draft_write(&names, status, path);
    free(path);
    return status == DC3_OK ? note_images(o, chosen) : status;
}

dc3_status dc3_output_write_metadata(dc3_output *o, const dc3_chosen *chosen)
{
    number_classes(o, chosen);
    if (o->shards) return DC3_OK;
    char *path = dc3_path_join(o->train, "metadata.jsonl");
    dc3_draft lines = {0};
    dc3_status status = path ? dc3_draft_open(&lines) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int64_t i = 0; status == DC3_OK && i < chosen->count; i++) {
        const dc3_part *parts = chosen->parts + i * o->run->each;
        if (!chosen->stored[i]) continue;
        char *relative, *file;
        status = dc3_output_name(o, parts, &relative, &file);
        if (status != DC3_OK) break;
        int label = dc3_dataset_label(o->run->dataset, parts->item);
        char *line = dc3_metadata_line(o->run, o->labels[label], relative, parts);
        if (line) fprintf(lines.file, "%s\n", line);
        free(line);
        free(relative);
        free(file);
    }
    status = dc3_draft_write(&lines, status, path);
    free(path);
    return status;
}

dc3_status dc3_output_reopen(dc3_output *o)
{
    if (!o->continues || o->reopened) return DC3_OK;
    o->reopened = 1;
    return write_document(o, 0);
}

dc3_status dc3_output_finish(dc3_output *o)
{
    dc3_run *run = o->run;
    /* First, as files that are left beside shards would be read in place of them. */
    if (o->shards) DC3_TRY(dc3_shards_tidy(o->train));
    if (run->teacher.net)
        DC3_TRY(dc3_teacher_ask_about_stored(&run->teacher, o->train, o->labels, run->fit,
                                             &run->options->listener));
    DC3_TRY(dc3_run_write_skipped(run));
    if (run->options->store == DC3_STORE_TAR && !o->shards)
        DC3_TRY(dc3_shards_pack(o->train, dc3_store_shard_bytes(run->options), &run->options->listener));
    dc3_disk_use use = dc3_disk_use_of(o->train);
    run->report->files = use.files, run->report->file_bytes = use.bytes, run->report->disk_bytes = use.blocks;
    DC3_TRY(dc3_chosen_table_write(o->folder, o->folder));
    DC3_TRY(write_document(o, 1));
    dc3_clear_search(o->folder); /* also one that was given up */
    o->complete = 1;
    return DC3_OK;
}
