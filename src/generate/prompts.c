#include "generate/prompts.h"

dc3_status dc3_prompts_look(const dc3_pipeline *p, dc3_subjects *s)
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
