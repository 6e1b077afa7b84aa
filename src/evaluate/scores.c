/* Rows of scores, and the files that keep them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <glib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include "base/file.h"
#include "base/options.h"
#include "output/output_path.h"
#include "evaluate/test_set.h"
#include "run_folder/document.h"
#include "teacher/teacher_list.h"

enum { LIMIT = 1 << 28 }; /* bytes of a file of scores */
/* In rows of images that are no longer there. */
static const char replaced_key[] = "images_replaced";

/* ---- rows ---- */

typedef double value_of(const dc3_score *score);

static double top1_of(const dc3_score *s)
{
    return s->top1;
}

static double top5_of(const dc3_score *s)
{
    return s->top5;
}

static double best_of(const dc3_score *s)
{
    return s->best_top1;
}

/* Mean and deviation over the students. */
static dc3_status add_mean(const dc3_tests *t, const char *name, value_of *value, json_t *row)
{
    char deviation_name[40];
    double mean, deviation, *values = malloc((size_t)t->students_count * sizeof *values);
    if (!values) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < t->students_count; i++) values[i] = value(&t->students[i].score);
    dc3_mean_deviation(values, t->students_count, &mean, &deviation);
    free(values);
    snprintf(deviation_name, sizeof deviation_name, "%s_deviation", name);
    json_object_set_new(row, name, json_real(mean));
    json_object_set_new(row, deviation_name, json_real(deviation));
    return DC3_OK;
}

/* The conditions, which all students share. */
static void add_conditions(const dc3_score *s, json_t *row)
{
    json_t *all =
        json_pack("{s:i, s:I, s:i, s:i, s:f, s:s, s:s, s:s, s:I, s:I, s:I}", "epochs", s->epochs, "steps",
                  (json_int_t)s->steps, "batch", s->batch, "size", s->size, "lr", s->lr, "labels", s->labels,
                  "augment", s->augment, "dtype", s->dtype, "images", (json_int_t)s->images, "test_images",
                  (json_int_t)s->test_images, "test_unreadable", (json_int_t)s->unreadable);
    json_object_update(row, all);
    json_decref(all);
}

static void add_optional(const dc3_score *s, json_t *row)
{
    if (s->factor) json_object_set_new(row, "factor", json_integer(s->factor));
    if (*s->teacher && !s->teachers) json_object_set_new(row, "teacher", json_string(s->teacher));
    if (s->teacher_top1 >= 0) json_object_set_new(row, "teacher_top1", json_real(s->teacher_top1));
    if (s->temperature > 0) json_object_set_new(row, "temperature", json_real(s->temperature));
    json_object_set_new(row, "recipe", json_string(s->recipe));
    json_object_set_new(row, "training", json_string(s->training));
    if (s->minutes > 0) json_object_set_new(row, "minutes", json_real(s->minutes));
    if (s->any_teacher) json_object_set_new(row, "any_teacher", json_true());
}

/* Several teachers: their architectures as one text, and each. */
static void add_teachers(const json_t *teachers, json_t *row)
{
    char archs[400];
    dc3_teacher_names(teachers, archs, sizeof archs);
    json_object_set_new(row, "teacher", json_string(archs));
    json_object_set_new(row, "teachers", json_deep_copy(teachers));
}

/* The accuracy of each class, mean over the students. */
static json_t *class_accuracy(const dc3_tests *t)
{
    const char *name;
    json_t *counts, *all = json_object();
    json_object_foreach(t->students[0].classes, name, counts)
    {
        double images = 0, right = 0;
        for (int i = 0; i < t->students_count; i++) {
            const json_t *own = json_object_get(t->students[i].classes, name);
            images += json_number_value(json_array_get(own, 0));
            right += json_number_value(json_array_get(own, 1));
        }
        if (images > 0) json_object_set_new(all, name, json_real(right / images));
    }
    return all;
}

/* What the students depend on, without their seeds. */
static json_t *shared_settings(const dc3_tests *t)
{
    json_t *settings = json_copy(t->students[0].settings);
    json_object_del(settings, "seed");
    json_object_del(settings, "teachers"); /* the row has them */
    return settings;
}

static json_t *now(void)
{
    char text[40];
    struct tm parts;
    time_t seconds = time(NULL);
    gmtime_r(&seconds, &parts);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return json_string(text);
}

/* 1 if the students were not all of the images that are in the folder now. */
static int were_replaced(const dc3_tests *t)
{
    const json_t *first = t->students[0].settings;
    const char *key = json_object_get(first, "stored") ? "stored" : "data";
    int replaced = 0;
    for (int i = 0; i < t->students_count; i++) {
        const json_t *here = t->students[i].settings;
        replaced |= t->students[i].score.replaced;
        replaced |= !json_equal(json_object_get(here, key), json_object_get(first, key));
    }
    return replaced;
}

/* The lists of the students' seeds and top-1, and how many of the students diverged. */
static void add_each(const dc3_tests *t, json_t *row)
{
    json_t *each = json_array(), *seeds = json_array();
    double seconds = 0;
    int diverged = 0;
    for (int i = 0; i < t->students_count; i++) {
        diverged += t->students[i].score.diverged;
        json_array_append_new(each, json_real(t->students[i].score.top1));
        json_array_append(seeds, json_object_get(t->students[i].settings, "seed"));
        seconds += t->students[i].score.seconds;
    }
    json_object_set_new(row, "top1_each", each);
    json_object_set_new(row, "seed_each", seeds);
    json_object_set_new(row, "seconds", json_real(seconds));
    if (diverged) json_object_set_new(row, "diverged", json_integer(diverged));
}

static dc3_status fill_row(const dc3_tests *t, json_t *row)
{
    const dc3_score *last = &t->students[t->students_count - 1].score;
    json_object_set_new(row, "arch", json_string(last->arch));
    json_object_set_new(row, "seeds", json_integer(t->students_count));
    DC3_TRY(add_mean(t, "top1", top1_of, row));
    DC3_TRY(add_mean(t, "top5", top5_of, row));
    DC3_TRY(add_mean(t, "best_top1", best_of, row));
    add_each(t, row);
    add_conditions(last, row);
    add_optional(last, row);
    const json_t *teachers = json_object_get(t->students[0].settings, "teachers");
    if (teachers) add_teachers(teachers, row);
    json_object_set_new(row, "class_top1", class_accuracy(t));
    json_object_set_new(row, "settings", shared_settings(t));
    if (were_replaced(t)) json_object_set_new(row, replaced_key, json_true());
    json_object_set_new(row, "date", now());
    return DC3_OK;
}

dc3_status dc3_tests_row(dc3_tests *tests, char **json)
{
    DC3_TRY(dc3_place_need("json", json));
    *json = NULL;
    DC3_TRY(dc3_options_need("tests", tests));
    if (!tests->students_count) return dc3_fail(DC3_ERR_ARGUMENT, "no student was scored");
    json_t *row = json_object();
    dc3_status status = fill_row(tests, row);
    if (status == DC3_OK)
        *json = json_dumps(row, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
    json_decref(row);
    dc3_tests_drop(tests);
    return status != DC3_OK || *json ? status : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

/* ---- files ---- */

/* The rows of a file, an empty list where there is none; the caller releases it, also after a failure. */
static dc3_status read_rows(const char *file, json_t **rows)
{
    char *text;
    size_t size;
    *rows = json_array();
    if (dc3_path_what(file) == DC3_PATH_MISSING) return DC3_OK;
    DC3_TRY(dc3_file_read(file, LIMIT, &text, &size));
    json_t *found = size ? json_loadb(text, size, 0, NULL) : json_array(), *row;
    size_t i;
    int sound = json_is_array(found);
    free(text);
    json_array_foreach(found, i, row) sound = sound && json_is_object(row) && json_object_get(row, "top1");
    if (sound) {
        json_decref(*rows);
        *rows = found;
        return DC3_OK;
    }
    json_decref(found);
    return dc3_fail(DC3_ERR_FORMAT,
                    "%s: expected a list of scores, to which new ones are added, found something else; move "
                    "the file away or name another",
                    file);
}

/* A file that is there is known by its rows. `run`: the folder that the scores are of. */
static dc3_status find_place(const char *file, const dc3_input *inputs, size_t count, const char *run,
                             char **place)
{
    static const char *const endings[] = {".json", NULL}, *const marks[] = {"\"top1\"", NULL};
    const dc3_output_kind kind = {
        "scores", "JSON", endings, marks, (const char *const[]){"scores.json", NULL}, 1};
    const dc3_output_path output = {"out", file, &kind, 0, inputs, count, run};
    DC3_TRY(dc3_output_path_check(&output, place));
    if (dc3_path_what(*place) == DC3_PATH_MISSING || access(*place, W_OK) == 0) return DC3_OK;
    free(*place);
    *place = NULL;
    return dc3_fail_setting("out", "%s is there already and is write-protected; choose another name", file);
}

/* The dataset that a run's images are from; NULL where its settings do not say. Caller frees. */
static char *origin_of(const char *run)
{
    char *path = dc3_path_join(run, "dc3.json");
    json_t *document = NULL;
    if (path) dc3_json_read(path, DC3_DOCUMENT_LIMIT, &document);
    const char *data = json_string_value(json_object_get(json_object_get(document, "settings"), "data"));
    char *copy = data ? strdup(data) : NULL;
    json_decref(document);
    free(path);
    return copy;
}

dc3_status dc3_scores_check(const char *file, const char *data, const char *val)
{
    json_t *rows;
    DC3_TRY(dc3_options_need("file", file));
    char *place, *train = data && dc3_evaluate_folder(data) ? dc3_path_join(data, "train") : NULL,
                 *from = train ? origin_of(data) : NULL;
    const dc3_input inputs[] = {
        {"the images", train ? train : data}, {"the images to test on", val}, {"the dataset", from}};
    dc3_status status = read_rows(file, &rows);
    json_decref(rows);
    if (status == DC3_OK) status = find_place(file, inputs, 3, data, &place);
    if (status == DC3_OK) free(place);
    free(train);
    free(from);
    return status;
}

/* The folder of a file, locked until it is closed, so that commands that add a score do it one after the
 * other. -1 where the file system locks no folders. */
static int lock_folder(const char *file)
{
    char *folder = strdup(file), *slash = folder ? strrchr(folder, '/') : NULL;
    if (slash) slash[slash == folder] = 0;
    int fd = folder ? open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR) continue;
    free(folder);
    return fd;
}

/* 1 if one of the rows differs by its date only: an evaluation that continues tells its students again. */
static int has_row(const json_t *rows, const json_t *one)
{
    size_t i;
    json_t *row, *is = json_copy((json_t *)(uintptr_t)one);
    int found = 0;
    json_object_del(is, "date");
    json_array_foreach(rows, i, row)
    {
        json_t *was = json_copy(row);
        json_object_del(was, "date");
        found |= json_equal(was, is);
        json_decref(was);
    }
    json_decref(is);
    return found;
}

/* What stands at a path now; of none all is 0. Opened, since a network file system then asks its server. */
static struct stat version_of(const char *file)
{
    struct stat info = {.st_size = 0};
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &info) != 0) info = (struct stat){.st_size = 0};
    if (fd >= 0) close(fd);
    return info;
}

static int is_version(const char *file, const struct stat *was)
{
    struct stat is = version_of(file);
    return is.st_ino == was->st_ino && is.st_size == was->st_size &&
           is.st_mtim.tv_sec == was->st_mtim.tv_sec && is.st_mtim.tv_nsec == was->st_mtim.tv_nsec;
}

/* Puts a list in the place of the one that was read, unless somebody has been faster. */
static dc3_status replace(const char *place, const char *text, const struct stat *read)
{
    char *aside = g_strdup_printf("%s.%ld.part", place, (long)getpid());
    dc3_status status = dc3_file_write(aside, text, strlen(text));
    if (status == DC3_OK && !is_version(place, read))
        unlink(aside);
    else if (status == DC3_OK && rename(aside, place) != 0) {
        status = dc3_fail(DC3_ERR_IO, "%s: cannot write: %s", place, strerror(errno));
        unlink(aside);
    }
    g_free(aside);
    return status;
}

static char *text_of(const json_t *rows)
{
    return json_dumps(rows, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
}

/* A row as it is read once it has been written, with so many digits; NULL for what is no JSON. */
static json_t *as_written(const char *row)
{
    json_t *given = json_loads(row, 0, NULL);
    char *text = given ? text_of(given) : NULL;
    json_t *one = text ? json_loads(text, 0, NULL) : NULL;
    free(text);
    json_decref(given);
    return one;
}

/* Adds a row to the list, or finds that it is there. */
static dc3_status add_row(const char *file, const char *place, json_t *one, int *there)
{
    json_t *rows;
    int lock = lock_folder(file);
    struct stat version = version_of(place);
    dc3_status status = read_rows(place, &rows);
    *there = status == DC3_OK && has_row(rows, one);
    if (status == DC3_OK && !*there) {
        char *text = json_array_append(rows, one) == 0 ? text_of(rows) : NULL;
        status = text ? replace(place, text, &version) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
        free(text);
    }
    json_decref(rows);
    if (lock >= 0) close(lock);
    return status;
}

/* Until the row is found in the list: on file systems whose locks keep nobody out another process may have
 * read the list before this one wrote it, and written it after. */
static dc3_status add_until_there(const char *file, const char *place, json_t *one)
{
    enum { TRIES = 100, PAUSE = 100000 }; /* us, in which one that was about to write has written */
    int there = 0;
    for (int i = 0; i < TRIES; i++) {
        DC3_TRY(add_row(file, place, one, &there));
        if (there) return DC3_OK;
        usleep(PAUSE);
    }
    return dc3_fail(DC3_ERR_IO, "%s: the score is not kept: other processes keep writing their own there",
                    file);
}

dc3_status dc3_scores_add(const char *file, const char *row)
{
    DC3_TRY(dc3_options_need("file", file));
    DC3_TRY(dc3_options_need("row", row));
    json_t *rows, *one = as_written(row);
    if (json_object_get(one, replaced_key)) {
        json_decref(one);
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: the score is not kept: its images were replaced by others while students were "
                        "trained on them; give the command again for a score of those that are there now",
                        file);
    }
    char *place = NULL, *folder = g_path_get_dirname(file); /* whose run it is dc3_scores_check has asked */
    dc3_status status = read_rows(file, &rows);
    json_decref(rows);
    if (status == DC3_OK) status = find_place(file, NULL, 0, folder, &place);
    if (status == DC3_OK && !one)
        status = dc3_fail(DC3_ERR_ARGUMENT, "expected a score as JSON, found something else");
    if (status == DC3_OK) status = add_until_there(file, place, one);
    g_free(folder);
    free(place);
    json_decref(one);
    return status;
}
