/* Warm and cold prompts and the drawing of them. */
#ifndef DC3_DIFFUSION_PROMPTS_H
#define DC3_DIFFUSION_PROMPTS_H

#include <stdint.h>
#include "base/status.h"
#include "dc3/listener.h"
#include "diffusion/concepts.h"

enum { DC3_PROMPTS = 64, DC3_PROMPT_SIZE = 200 };
typedef struct dc3_prompts {
    int warm_count, cold_count;
    char warm[DC3_PROMPTS][DC3_PROMPT_SIZE], cold[DC3_PROMPTS][DC3_PROMPT_SIZE];
} dc3_prompts;

/* The paper's ten, or from a file with a prompt a line, "warm: TEXT" or "cold: TEXT"; # begins a comment. */
dc3_status dc3_prompts_read(const char *path, dc3_prompts *prompts);
/* `each` different warm ones, then `each` different cold ones, for one image: out [2 * each] point into
 * prompts. */
void dc3_prompts_draw(const dc3_prompts *prompts, uint64_t seed, uint64_t item, int each, const char **out);
/* DC3_ERR_OPTION where `model`, which knows these concepts, knows none of the prompts of the file; tells the
 * listener of each that it does not know. */
dc3_status dc3_prompts_check(const dc3_prompts *prompts, const char *path, const dc3_concepts *concepts,
                             const char *model, const dc3_listener *listener);
/* Tells the listener of the words that `model` does not know, if any. */
void dc3_prompt_tell(const char *prompt, const dc3_concepts *concepts, const char *model,
                     const dc3_listener *listener);
/* The instruction for a prompt (docs/method.md, Colour compensation), unless it is a sentence already. */
void dc3_instruction(const char *prompt, char out[DC3_PROMPT_SIZE + 100]);

#endif
