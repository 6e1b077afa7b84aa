/* Which name a word is a slip of, by the restricted Damerau-Levenshtein distance ("optimal string
 * alignment"): the least number of bytes put in, left out, replaced, or exchanged with the next one. */
#include <stdio.h>
#include <string.h>
#include "base/text.h"

enum { MOST = 64 }; /* bytes of words that are compared */

static int least(int a, int b)
{
    return a < b ? a : b;
}

int dc3_text_distance(const char *a, const char *b)
{
    int n = (int)strnlen(a, MOST + 1), m = (int)strnlen(b, MOST + 1);
    int d[3][MOST + 1]; /* rows i - 2, i - 1, i in turn */
    if (n > MOST || m > MOST) return strcmp(a, b) == 0 ? 0 : MOST;
    for (int j = 0; j <= m; j++) d[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = d[i % 3], *above = d[(i + 2) % 3], *before = d[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]), 1 + least(above[j], row[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return d[n % 3][m];
}

const char *dc3_text_nearest(const char *word, const char *const *names, size_t count)
{
    enum { SHORT = 3 };
    size_t length = strlen(word);
    int limit = length <= SHORT ? 1 : length / 3 > 2 ? (int)(length / 3) : 2, best = limit + 1;
    const char *nearest = NULL;
    for (size_t i = 0; length <= MOST && i < count; i++) {
        int distance = dc3_text_distance(word, names[i]);
        if (length >= SHORT && strncmp(names[i], word, length) == 0) distance = least(distance, limit);
        if (distance < best && distance < (int)length) best = distance, nearest = names[i];
    }
    return nearest;
}

const char *dc3_hint(const char *word, const char *const *names, size_t count, char text[DC3_HINT_SIZE])
{
    const char *nearest = dc3_text_nearest(word, names, count);
    *text = 0;
    if (nearest) snprintf(text, DC3_HINT_SIZE, "; did you mean '%.80s'?", nearest);
    return text;
}

const char *dc3_text_list(const char *const *names, char *text, size_t size)
{
    *text = 0;
    for (int i = 0; names[i]; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", i ? ", " : "", names[i]);
    }
    return text;
}

dc3_status dc3_choose_name(const char *setting, const char *word, const char *const *names, int *place)
{
    char list[400], hint[DC3_HINT_SIZE];
    size_t count = 0;
    for (; names[count]; count++)
        if (strcmp(names[count], word) == 0) {
            *place = (int)count;
            return DC3_OK;
        }
    return dc3_fail_setting(setting, "expected one of %s; found '%.60s'%s",
                            dc3_text_list(names, list, sizeof list), word,
                            dc3_hint(word, names, count, hint));
}
