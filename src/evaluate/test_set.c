#include "evaluate/test_set.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/listener.h"
#include "base/options.h"
#include "learn/tester.h"
#include "ranks/ranks.h"
#include "evaluate/label_source.h"

static void skipped_test(void *user, const char *key, const char *reason)
{
    dc3_tests *tests = user;
    if (tests->unreadable++ < 5) dc3_listener_say(&tests->listener, "skipped: %s: %s", key, reason);
}

dc3_status dc3_tests_open(dc3_tests *tests, int size, int threads)
{
    dc3_images_options options = {
        .how = DC3_IMAGES_TEST, .size = size, .threads = threads, .user = tests, .skipped = skipped_test};
    if (tests->images && tests->size == size) return DC3_OK;
    dc3_images_close(&tests->images);
    free(tests->teacher);
    tests->teacher = NULL;
    tests->size = size;
    tests->unreadable = 0;
    return dc3_images_open(tests->dataset, &options, &tests->images);
}

dc3_status dc3_tests_score_teachers(dc3_tests *tests, dc3_ctx *ctx, const dc3_ensemble *teachers,
                                    const char *path, double each[DC3_ENSEMBLE_MOST], double *top1)
{
    dc3_accuracy all[DC3_ENSEMBLE_MOST], mean;
    if (!tests->teacher || strcmp(tests->teacher, path) != 0) {
        DC3_TRY(dc3_test_ensemble(ctx, teachers, tests->images, tests->size, all, &mean));
        free(tests->teacher);
        tests->teacher = strdup(path);
        tests->teacher_top1 = mean.top1;
        for (int k = 0; k < teachers->count; k++) tests->each_top1[k] = all[k].top1;
        if (!tests->teacher) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    }
    *top1 = tests->teacher_top1;
    memcpy(each, tests->each_top1, sizeof tests->each_top1);
    return DC3_OK;
}

dc3_status dc3_tests_new(const dc3_listener *listener, dc3_tests **tests)
{
    DC3_TRY(dc3_place_need("tests", tests));
    *tests = calloc(1, sizeof **tests);
    if (!*tests) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (listener) (*tests)->listener = *listener;
    dc3_ranks_mute(&(*tests)->listener);
    return DC3_OK;
}

dc3_status dc3_tests_add(dc3_tests *tests, const dc3_score *score, json_t *settings, json_t *classes)
{
    size_t room = (size_t)tests->students_count + 1;
    dc3_tested *students = realloc(tests->students, room * sizeof *students);
    if (students) {
        tests->students = students;
        students[tests->students_count++] = (dc3_tested){*score, settings, classes};
        return DC3_OK;
    }
    json_decref(settings);
    json_decref(classes);
    return dc3_fail(DC3_ERR_MEMORY, "out of memory");
}

void dc3_tests_drop(dc3_tests *tests)
{
    for (int i = 0; i < tests->students_count; i++) {
        json_decref(tests->students[i].settings);
        json_decref(tests->students[i].classes);
    }
    free(tests->students);
    tests->students = NULL;
    tests->students_count = 0;
}

void dc3_tests_forget(dc3_tests *tests)
{
    size_t i;
    json_t *one;
    if (!tests) return;
    json_array_foreach(tests->saved, i, one)
    {
        char *end, *path = strdup(json_string_value(one));
        if (!path) continue;
        unlink(path);
        if ((end = strrchr(path, '/'))) *end = 0;
        rmdir(path); /* where it is empty now */
        free(path);
    }
    json_decref(tests->saved);
    tests->saved = NULL;
    dc3_tests_drop(tests);
}

void dc3_tests_free(dc3_tests **tests)
{
    if (!tests || !*tests) return;
    dc3_tests_drop(*tests);
    json_decref((*tests)->saved);
    json_decref((*tests)->budgets);
    dc3_images_close(&(*tests)->images);
    dc3_dataset_say_reading((*tests)->dataset, &(*tests)->listener);
    dc3_dataset_close(&(*tests)->dataset);
    free((*tests)->teacher);
    free(*tests);
    *tests = NULL;
}
