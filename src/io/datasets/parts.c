#include "io/datasets/parts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *word;
    dc3_part part;
} words[] = {{"train", DC3_PART_TRAIN},  {"training", DC3_PART_TRAIN}, {"val", DC3_PART_VAL},
             {"valid", DC3_PART_VAL},    {"validation", DC3_PART_VAL}, {"eval", DC3_PART_VAL},
             {"dev", DC3_PART_VAL},      {"test", DC3_PART_TEST},      {"testing", DC3_PART_TEST},
             {"holdout", DC3_PART_TEST}, {"pred", DC3_PART_TEST}};
enum { WORDS = sizeof words / sizeof *words };

static dc3_part part_of(const char *text, size_t length)
{
    for (int i = 0; i < WORDS; i++)
        if (strlen(words[i].word) == length && strncasecmp(text, words[i].word, length) == 0)
            return words[i].part;
    return DC3_PART_NONE;
}

dc3_part dc3_part_named(const char *name)
{
    static const char *const rare[] = {"eval", "dev", "holdout", "pred"}; /* may well be classes */
    for (size_t i = 0; i < sizeof rare / sizeof *rare; i++)
        if (strcasecmp(name, rare[i]) == 0) return DC3_PART_NONE;
    return part_of(name, strlen(name));
}

dc3_part dc3_part_in(const char *name)
{
    dc3_part found = DC3_PART_NONE;
    for (const char *at = name; *at;) {
        size_t length = 0;
        while (isalpha((unsigned char)at[length])) length++;
        dc3_part part = part_of(at, length);
        if (part && found && part != found) return DC3_PART_NONE;
        if (part) found = part;
        at += length;
        while (*at && !isalpha((unsigned char)*at)) at++;
    }
    return found;
}

enum { ROOM = 256 };

/* What a name has beside such words: its other letters. */
static void find_rest(const char *name, char rest[ROOM])
{
    size_t used = 0;
    for (const char *at = name; *at;) {
        size_t length = 0;
        while (isalpha((unsigned char)at[length])) length++;
        int is_part = part_of(at, length) != DC3_PART_NONE;
        for (size_t i = 0; !is_part && i < length && used + 1 < ROOM; i++) rest[used++] = at[i];
        at += length;
        while (*at && !isalpha((unsigned char)*at)) at++;
    }
    rest[used] = 0;
}

/* 1 for "seg_train" and "seg_test", "train2017" and "val": parts of one dataset. "training shoes" and "test
 * tubes" are classes. */
static int go_together(const char *one, const char *other)
{
    char a[ROOM], b[ROOM];
    find_rest(one, a);
    find_rest(other, b);
    return !*a || !*b || strcasecmp(a, b) == 0;
}

dc3_status dc3_parts_check(const dc3_dataset *d)
{
    const char *train = NULL, *other = NULL;
    char *has_images = calloc(d->class_count + 1, 1);
    if (!has_images) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", d->path);
    for (int64_t i = 0; i < d->size; i++) has_images[d->items[i].label] = 1;
    int all = 1;
    for (size_t i = 0; i < d->class_count; i++) {
        if (!has_images[i]) continue;
        dc3_part part = dc3_part_in(d->classes[i]);
        all = all && part;
        if (part == DC3_PART_TRAIN && !train) train = d->classes[i];
        if (part > DC3_PART_TRAIN && !other) other = d->classes[i];
    }
    free(has_images);
    if (!all || !train || !other || !go_together(train, other)) return DC3_OK;
    return dc3_fail(
        DC3_ERR_FORMAT,
        "%s: expected a folder for each class, found a dataset's parts (%s, %s); did you mean %s/%s "
        "(and one of the others as %s)?",
        d->path, train, other, d->path, train, dc3_setting("val"));
}
