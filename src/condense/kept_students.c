#include "condense/kept_students.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "condense/run.h"
#include "learn/checkpoint.h"

static const char students_name[] = "students.json";
enum { STUDENTS_LIMIT = 1 << 24 /* bytes */ };

dc3_status dc3_kept_open(const char *folder, json_t *settings, const dc3_listener *listener,
                         dc3_kept_students *kept)
{
    char *student = dc3_path_join(folder, "student");
    *kept = (dc3_kept_students){
        .folder = folder, .listener = listener, .settings = settings, .saved = dc3_seconds_now()};
    kept->checkpoint = student ? dc3_checkpoint_beside(student) : NULL;
    free(student);
    return settings && kept->checkpoint ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_kept_close(dc3_kept_students *kept)
{
    free(kept->checkpoint);
    json_decref(kept->settings);
    *kept = (dc3_kept_students){0};
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

/* The finished students of a folder, [{"settings", "score"}]; none where the file is not there or is damaged,
 * since they can be made anew. */
static json_t *read_students(const char *folder)
{
    char *path = dc3_path_join(folder, students_name);
    json_t *object = NULL, *students = NULL;
    if (path && dc3_path_what(path) == DC3_PATH_FILE &&
        dc3_json_read(path, STUDENTS_LIMIT, &object) == DC3_OK)
        students = json_incref(json_object_get(object, "students"));
    if (!json_is_array(students)) {
        json_decref(students);
        students = json_array();
    }
    json_decref(object);
    free(path);
    return students;
}

int dc3_kept_finished(const dc3_kept_students *kept, dc3_score *score)
{
    json_t *students = read_students(kept->folder), *one;
    int found = 0;
    size_t i;
    json_array_foreach(students, i, one)
    {
        if (!found && json_equal(json_object_get(one, "settings"), kept->settings))
            found = unpack_score(json_object_get(one, "score"), score);
    }
    json_decref(students);
    return found;
}

void dc3_kept_go_on(const dc3_kept_students *kept, dc3_trainer *student, dc3_student_place *place,
                    dc3_score *score)
{
    dc3_training parts = {student->params, student->count, student->optimizer, NULL};
    dc3_student_place is;
    dc3_score was = *score;
    json_int_t first;
    char *text = NULL;
    if (dc3_path_what(kept->checkpoint) != DC3_PATH_FILE) return;
    /* Another student's, or a damaged one: it will be written over. */
    if (dc3_checkpoint_counters(kept->checkpoint, &text) != DC3_OK) return;
    json_t *counters = json_loads(text, 0, NULL);
    free(text);
    int same =
        json_equal(json_object_get(counters, "settings"), kept->settings) &&
        json_unpack(counters, "{s:i, s:I, s:F}", "epoch", &is.epoch, "first", &first, "sum", &is.sum) == 0 &&
        is.epoch >= 0 && first >= 0 && unpack_score(json_object_get(counters, "score"), &was);
    json_decref(counters);
    if (!same || dc3_checkpoint_load(kept->checkpoint, &parts, NULL) != DC3_OK) return;
    is.first = first;
    *place = is;
    *score = was;
}

/* Tells a failure once: the student goes on without being kept. */
static void tell(dc3_kept_students *kept, dc3_status status)
{
    if (status == DC3_OK || kept->failed) return;
    kept->failed = 1;
    dc3_listener_say(kept->listener,
                     "warning: students are not kept, and start over if they are interrupted: %s",
                     dc3_error_text());
}

static dc3_status save(const dc3_kept_students *kept, const dc3_trainer *student,
                       const dc3_student_place *place, const dc3_score *score)
{
    dc3_training parts = {student->params, student->count, student->optimizer, NULL};
    json_t *counters =
        json_pack("{s:O, s:i, s:I, s:f, s:o}", "settings", kept->settings, "epoch", place->epoch, "first",
                  (json_int_t)place->first, "sum", place->sum, "score", pack_score(score));
    char *text = counters ? json_dumps(counters, JSON_COMPACT) : NULL;
    json_decref(counters);
    dc3_status status = text ? dc3_checkpoint_save(kept->checkpoint, &parts, text)
                             : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(text);
    return status;
}

void dc3_kept_save(dc3_kept_students *kept, int now, const dc3_trainer *student,
                   const dc3_student_place *place, const dc3_score *score)
{
    double start = dc3_seconds_now(), passed = start - kept->saved;
    if (kept->failed || (!now && (passed < 60 || passed < 20 * kept->saving))) return;
    tell(kept, save(kept, student, place, score));
    kept->saved = dc3_seconds_now();
    kept->saving = kept->saved - start;
}

void dc3_kept_finish(dc3_kept_students *kept, const dc3_score *score)
{
    json_t *students = read_students(kept->folder);
    json_array_append_new(students,
                          json_pack("{s:O, s:o}", "settings", kept->settings, "score", pack_score(score)));
    json_t *object = json_pack("{s:o}", "students", students);
    dc3_status status = object ? dc3_json_write(kept->folder, students_name, object, JSON_SORT_KEYS)
                               : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    json_decref(object);
    tell(kept, status);
    if (status == DC3_OK) unlink(kept->checkpoint);
}

void dc3_kept_forget(const char *folder)
{
    char *path = dc3_path_join(folder, students_name);
    if (path) unlink(path);
    free(path);
}
