#include "generate/prompts.h"

#include <stdlib.h>
#include <string.h>

static dc3_status count_tokens(const dc3_pipeline *p, dc3_subjects *s)
{
    if (!p->tokenizer) return DC3_OK; /* dc3_generator_check says so */
    s->tokens = dc3_pipeline_tokens(p);
    for (int i = 0; i < s->count; i++)
        for (int k = 0; k < s->at[i].count; k++) {
            int64_t tokens;
            DC3_TRY(dc3_tokenizer_count(p->tokenizer, s->at[i].prompts[k], &tokens));
            if (tokens <= s->tokens) continue;
            if (!s->cut++) s->longest = s->at[i].prompts[k], s->longest_tokens = tokens;
        }
    return DC3_OK;
}

/* A prompt and whose it is. */
typedef struct entry {
    const char *prompt;
    int subject;
} entry;

static int by_prompt(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int order = strcmp(x->prompt, y->prompt);
    return order ? order : (x->subject > y->subject) - (x->subject < y->subject);
}

/* Of entries in their order. */
static void count_shared(const entry *entries, size_t count, dc3_subjects *s)
{
    for (size_t i = 1; i < count; i++) {
        const entry *a = &entries[i - 1], *b = &entries[i];
        if (a->subject == b->subject || strcmp(a->prompt, b->prompt) != 0) continue;
        if (!s->shared++) s->first[0] = a->subject, s->first[1] = b->subject, s->both = b->prompt;
    }
}

static dc3_status find_shared(dc3_subjects *s)
{
    size_t count = 0;
    for (int i = 0; i < s->count; i++) count += (size_t)s->at[i].count;
    entry *entries = malloc((count + 1) * sizeof *entries), *end = entries;
    if (!entries) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    for (int i = 0; i < s->count; i++)
        for (int k = 0; k < s->at[i].count; k++) *end++ = (entry){s->at[i].prompts[k], i};
    qsort(entries, count, sizeof *entries, by_prompt);
    count_shared(entries, count, s);
    free(entries);
    return DC3_OK;
}

dc3_status dc3_prompts_look(const dc3_pipeline *pipeline, dc3_subjects *subjects)
{
    DC3_TRY(count_tokens(pipeline, subjects));
    return find_shared(subjects);
}
