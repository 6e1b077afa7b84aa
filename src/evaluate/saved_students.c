#include "evaluate/saved_students.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/lock.h"
#include "base/rng.h"
#include "learn/checkpoint.h"
#include "base/listener.h"
#include "evaluate/label_source.h"

enum { SCORE_LIMIT = 1 << 24 /* bytes */ };

dc3_status dc3_saved_student_open(const char *folder, json_t *settings, dc3_saved_student *entry)
{
    char name[24], *text = settings ? json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS) : NULL, *student;
    snprintf(name, sizeof name, "%016llx.json",
             text ? (unsigned long long)dc3_hash64(text, strlen(text)) : 0);
    *entry = (dc3_saved_student){.settings = settings, .saved = dc3_seconds_now(), .held = -1};
    entry->folder = dc3_path_join(folder, "students");
    entry->score = entry->folder ? dc3_path_join(entry->folder, name) : NULL;
    *strchr(name, '.') = 0;
    student = entry->folder ? dc3_path_join(entry->folder, name) : NULL;
    entry->checkpoint = student ? dc3_checkpoint_beside(student) : NULL;
    int complete = text && entry->score && entry->checkpoint;
    free(student);
    free(text);
    return complete ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_saved_student_close(dc3_saved_student *entry)
{
    if (entry->folder && entry->held >= 0) close(entry->held); /* one that was never opened is zero */
    free(entry->folder);
    free(entry->checkpoint);
    free(entry->score);
    json_decref(entry->settings);
    *entry = (dc3_saved_student){0};
}

/* What training and testing put into a score. */
static json_t *pack_score(const dc3_score *s)
{
    json_t *at = json_array();
    for (int i = 0; i < DC3_EVALUATE_TESTS && s->tested[i]; i++)
        json_array_append_new(at, json_pack("[i, f]", s->tested[i], s->top1_at[i]));
    return json_pack("{s:f, s:f, s:f, s:i, s:o, s:f, s:f, s:f, s:I, s:I}", "top1", s->top1, "top5", s->top5,
                     "best_top1", s->best_top1, "best_epoch", s->best_epoch, "top1_at", at, "loss", s->loss,
                     "first_loss", s->first_loss, "seconds", s->seconds, "test_images",
                     (json_int_t)s->test_images, "unreadable", (json_int_t)s->unreadable);
}

/* 0 if the object is no such score: then nothing of *s has changed. */
static int unpack_score(const json_t *object, dc3_score *s)
{
    dc3_score is = *s;
    json_t *at = NULL;
    json_int_t images, unreadable;
    if (json_unpack((json_t *)(uintptr_t)object, "{s:F, s:F, s:F, s:i, s:o, s:F, s?:F, s:F, s:I, s:I}",
                    "top1", &is.top1, "top5", &is.top5, "best_top1", &is.best_top1, "best_epoch",
                    &is.best_epoch, "top1_at", &at, "loss", &is.loss, "first_loss", &is.first_loss, "seconds",
                    &is.seconds, "test_images", &images, "unreadable", &unreadable) != 0)
        return 0;
    for (size_t i = 0; i < json_array_size(at) && i < DC3_EVALUATE_TESTS; i++)
        if (json_unpack(json_array_get(at, i), "[i, F]", &is.tested[i], &is.top1_at[i]) != 0) return 0;
    is.test_images = images, is.unreadable = unreadable;
    *s = is;
    return 1;
}

/* Makes the folder for `write`, and again where another process has removed it, empty, before there was a
 * file. */
static dc3_status write_there(const dc3_saved_student *entry,
                              dc3_status (*write)(const dc3_saved_student *entry, const void *what),
                              const void *what)
{
    enum { TRIES = 5 };
    dc3_status status = DC3_OK;
    for (int i = 0; i < TRIES; i++) {
        DC3_TRY(dc3_make_dirs(entry->folder));
        status = write(entry, what);
        if (status == DC3_OK || dc3_path_what(entry->folder) != DC3_PATH_MISSING) break;
    }
    return status;
}

/* Whether what was saved is of this student. */
static int is_same(const dc3_saved_student *entry, const json_t *object)
{
    return json_equal(json_object_get(object, "settings"), entry->settings);
}

int dc3_saved_student_finished(const dc3_saved_student *entry, dc3_score *score, json_t **classes)
{
    json_t *object = NULL;
    *classes = NULL;
    if (dc3_path_what(entry->score) != DC3_PATH_FILE) return 0;
    int found = dc3_json_read(entry->score, SCORE_LIMIT, &object) == DC3_OK && is_same(entry, object) &&
                unpack_score(json_object_get(object, "score"), score);
    if (found) *classes = json_incref(json_object_get(object, "classes"));
    json_decref(object);
    return found;
}

/* 0 if the counters are not this student's: then nothing changes. */
static int unpack_counters(const dc3_saved_student *entry, const char *text, dc3_student_place *place,
                           dc3_score *score)
{
    dc3_student_place is;
    json_int_t first;
    json_t *counters = json_loads(text, 0, NULL);
    int same =
        is_same(entry, counters) &&
        json_unpack(counters, "{s:i, s:I, s:F}", "epoch", &is.epoch, "first", &first, "sum", &is.sum) == 0 &&
        is.epoch >= 0 && first >= 0 && unpack_score(json_object_get(counters, "score"), score);
    json_decref(counters);
    is.first = same ? first : 0;
    if (same) *place = is;
    return same;
}

dc3_status dc3_saved_student_resume(const dc3_saved_student *entry, dc3_trainer *student,
                                    dc3_student_place *place, dc3_score *score)
{
    dc3_training parts = {student->params, student->count, student->optimizer, student->ema};
    dc3_student_place is;
    dc3_score was = *score;
    char *text = NULL;
    if (dc3_path_what(entry->checkpoint) != DC3_PATH_FILE) return DC3_OK;
    int same = dc3_checkpoint_counters(entry->checkpoint, &text) == DC3_OK &&
               unpack_counters(entry, text, &is, &was);
    free(text);
    if (!same || dc3_checkpoint_load(entry->checkpoint, &parts, &text) != DC3_OK) return DC3_OK;
    /* Those that came with the tensors: another process may have written meanwhile. */
    same = unpack_counters(entry, text, place, score);
    free(text);
    return same ? DC3_OK
                : dc3_fail(DC3_ERR_FORMAT, "%s: is being written to; give the command again",
                           entry->checkpoint);
}

typedef struct half_way {
    const dc3_training *parts;
    const char *counters;
} half_way;

static dc3_status write_checkpoint(const dc3_saved_student *entry, const void *what)
{
    const half_way *h = what;
    return dc3_checkpoint_save(entry->checkpoint, h->parts, h->counters);
}

static dc3_status write_score(const dc3_saved_student *entry, const void *what)
{
    return dc3_json_write(entry->folder, strrchr(entry->score, '/') + 1, what, JSON_SORT_KEYS);
}

dc3_status dc3_saved_student_save(dc3_saved_student *entry, int now, const dc3_trainer *student,
                                  const dc3_student_place *place, const dc3_score *score)
{
    dc3_training parts = {student->params, student->count, student->optimizer, student->ema};
    double start = dc3_seconds_now(), passed = start - entry->saved;
    if (passed < 20 * entry->saving || (!now && passed < 60)) return DC3_OK;
    json_t *counters =
        json_pack("{s:O, s:i, s:I, s:f, s:o}", "settings", entry->settings, "epoch", place->epoch, "first",
                  (json_int_t)place->first, "sum", place->sum, "score", pack_score(score));
    char *text = counters ? json_dumps(counters, JSON_COMPACT) : NULL;
    json_decref(counters);
    dc3_status status = text ? write_there(entry, write_checkpoint, &(half_way){&parts, text})
                             : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) dc3_file_hold(entry->checkpoint, &entry->held);
    free(text);
    entry->saved = dc3_seconds_now();
    entry->saving = entry->saved - start;
    return status;
}

dc3_status dc3_saved_student_finish(const dc3_saved_student *entry, const dc3_score *score,
                                    const json_t *classes)
{
    json_t *object = json_pack("{s:O, s:o, s:O}", "settings", entry->settings, "score", pack_score(score),
                               "classes", classes);
    dc3_status status =
        object ? write_there(entry, write_score, object) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_decref(object);
    if (status == DC3_OK) unlink(entry->checkpoint);
    return status;
}
