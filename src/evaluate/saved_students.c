#include "evaluate/saved_students.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/rng.h"
#include "learn/checkpoint.h"
#include "base/listener.h"
#include "evaluate/label_source.h"

enum { SCORE_LIMIT = 1 << 16 /* bytes */ };

dc3_status dc3_kept_open(const char *folder, json_t *settings, dc3_kept_student *kept)
{
    char name[24], *text = settings ? json_dumps(settings, JSON_COMPACT | JSON_SORT_KEYS) : NULL, *student;
    snprintf(name, sizeof name, "%016llx.json",
             text ? (unsigned long long)dc3_hash64(text, strlen(text)) : 0);
    *kept = (dc3_kept_student){.settings = settings, .saved = dc3_seconds_now()};
    kept->folder = dc3_path_join(folder, "students");
    kept->score = kept->folder ? dc3_path_join(kept->folder, name) : NULL;
    *strchr(name, '.') = 0;
    student = kept->folder ? dc3_path_join(kept->folder, name) : NULL;
    kept->checkpoint = student ? dc3_checkpoint_beside(student) : NULL;
    int complete = text && kept->score && kept->checkpoint;
    free(student);
    free(text);
    return complete ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_kept_close(dc3_kept_student *kept)
{
    free(kept->folder);
    free(kept->checkpoint);
    free(kept->score);
    json_decref(kept->settings);
    *kept = (dc3_kept_student){0};
}

/* What training and testing put into a score. */
static json_t *pack_score(const dc3_score *s)
{
    json_t *at = json_array();
    for (int i = 0; i < DC3_EVALUATE_TESTS && s->tested[i]; i++)
        json_array_append_new(at, json_pack("[i, f]", s->tested[i], s->top1_at[i]));
    return json_pack("{s:f, s:f, s:f, s:i, s:o, s:f, s:f, s:I, s:I}", "top1", s->top1, "top5", s->top5,
                     "best_top1", s->best_top1, "best_epoch", s->best_epoch, "top1_at", at, "loss", s->loss,
                     "seconds", s->seconds, "test_images", (json_int_t)s->test_images, "unreadable",
                     (json_int_t)s->unreadable);
}

/* 0 if the object is no such score: then nothing of *s has changed. */
static int unpack_score(const json_t *object, dc3_score *s)
{
    dc3_score is = *s;
    json_t *at = NULL;
    json_int_t images, unreadable;
    if (json_unpack((json_t *)(uintptr_t)object, "{s:F, s:F, s:F, s:i, s:o, s:F, s:F, s:I, s:I}", "top1",
                    &is.top1, "top5", &is.top5, "best_top1", &is.best_top1, "best_epoch", &is.best_epoch,
                    "top1_at", &at, "loss", &is.loss, "seconds", &is.seconds, "test_images", &images,
                    "unreadable", &unreadable) != 0)
        return 0;
    for (size_t i = 0; i < json_array_size(at) && i < DC3_EVALUATE_TESTS; i++)
        if (json_unpack(json_array_get(at, i), "[i, F]", &is.tested[i], &is.top1_at[i]) != 0) return 0;
    is.test_images = images, is.unreadable = unreadable;
    *s = is;
    return 1;
}

/* Whether what was kept is of this student. */
static int is_same(const dc3_kept_student *kept, const json_t *object)
{
    return json_equal(json_object_get(object, "settings"), kept->settings);
}

int dc3_kept_finished(const dc3_kept_student *kept, dc3_score *score)
{
    json_t *object = NULL;
    if (dc3_path_what(kept->score) != DC3_PATH_FILE) return 0;
    int found = dc3_json_read(kept->score, SCORE_LIMIT, &object) == DC3_OK && is_same(kept, object) &&
                unpack_score(json_object_get(object, "score"), score);
    json_decref(object);
    return found;
}

/* 0 if the counters are not this student's: then nothing changes. */
static int unpack_counters(const dc3_kept_student *kept, const char *text, dc3_student_place *place,
                           dc3_score *score)
{
    dc3_student_place is;
    json_int_t first;
    json_t *counters = json_loads(text, 0, NULL);
    int same =
        is_same(kept, counters) &&
        json_unpack(counters, "{s:i, s:I, s:F}", "epoch", &is.epoch, "first", &first, "sum", &is.sum) == 0 &&
        is.epoch >= 0 && first >= 0 && unpack_score(json_object_get(counters, "score"), score);
    json_decref(counters);
    is.first = same ? first : 0;
    if (same) *place = is;
    return same;
}

dc3_status dc3_kept_go_on(const dc3_kept_student *kept, dc3_trainer *student, dc3_student_place *place,
                          dc3_score *score)
{
    dc3_training parts = {student->params, student->count, student->optimizer, NULL};
    dc3_student_place is;
    dc3_score was = *score;
    char *text = NULL;
    if (dc3_path_what(kept->checkpoint) != DC3_PATH_FILE) return DC3_OK;
    int same =
        dc3_checkpoint_counters(kept->checkpoint, &text) == DC3_OK && unpack_counters(kept, text, &is, &was);
    free(text);
    if (!same || dc3_checkpoint_load(kept->checkpoint, &parts, &text) != DC3_OK) return DC3_OK;
    /* Those that came with the tensors: another process may have written meanwhile. */
    same = unpack_counters(kept, text, place, score);
    free(text);
    return same ? DC3_OK
                : dc3_fail(DC3_ERR_FORMAT, "%s: is being written to; give the command again",
                           kept->checkpoint);
}

dc3_status dc3_kept_save(dc3_kept_student *kept, int now, const dc3_trainer *student,
                         const dc3_student_place *place, const dc3_score *score)
{
    dc3_training parts = {student->params, student->count, student->optimizer, NULL};
    double start = dc3_seconds_now(), passed = start - kept->saved;
    if (passed < 20 * kept->saving || (!now && passed < 60)) return DC3_OK;
    json_t *counters =
        json_pack("{s:O, s:i, s:I, s:f, s:o}", "settings", kept->settings, "epoch", place->epoch, "first",
                  (json_int_t)place->first, "sum", place->sum, "score", pack_score(score));
    char *text = counters ? json_dumps(counters, JSON_COMPACT) : NULL;
    json_decref(counters);
    dc3_status status = text ? dc3_make_dirs(kept->folder) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK) status = dc3_checkpoint_save(kept->checkpoint, &parts, text);
    free(text);
    kept->saved = dc3_seconds_now();
    kept->saving = kept->saved - start;
    return status;
}

dc3_status dc3_kept_finish(const dc3_kept_student *kept, const dc3_score *score)
{
    json_t *object = json_pack("{s:O, s:o}", "settings", kept->settings, "score", pack_score(score));
    dc3_status status = object ? dc3_make_dirs(kept->folder) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status == DC3_OK)
        status = dc3_json_write(kept->folder, strrchr(kept->score, '/') + 1, object, JSON_SORT_KEYS);
    json_decref(object);
    if (status == DC3_OK) unlink(kept->checkpoint);
    return status;
}
