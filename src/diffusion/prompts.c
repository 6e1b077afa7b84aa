#include "diffusion/prompts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/rng.h"
#include "base/text.h"
#include "io/found.h"

static const char *const warm[] = {"sunny", "golden hour", "sepia", "vivid colors", "daylight"};
static const char *const cold[] = {"rainy", "snowy", "frozen lake", "infrared", "underwater"};

static dc3_status add(const char *path, char (*list)[DC3_PROMPT_SIZE], int *count, const char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1])) length--;
    if (!length || length >= DC3_PROMPT_SIZE)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected a prompt of 1 to %d bytes, found %zu", path,
                        DC3_PROMPT_SIZE - 1, length);
    if (*count == DC3_PROMPTS)
        return dc3_fail(DC3_ERR_FORMAT, "%s: more than %d prompts of one kind", path, DC3_PROMPTS);
    memcpy(list[*count], text, length);
    list[(*count)++][length] = 0;
    return DC3_OK;
}

dc3_status dc3_prompts_read(const char *path, dc3_prompts *p)
{
    char *text, *rest, *line;
    size_t size;
    memset(p, 0, sizeof *p);
    for (int i = 0; !path && i < 5; i++) {
        strcpy(p->warm[p->warm_count++], warm[i]);
        strcpy(p->cold[p->cold_count++], cold[i]);
    }
    if (!path) return DC3_OK;
    dc3_status status = dc3_file_read(path, 1 << 20, &text, &size);
    if (status != DC3_OK) return dc3_fail_in(status, "%s", dc3_setting("prompts"));
    status = dc3_check_found(path, "lines 'warm: TEXT' or 'cold: TEXT'", text, size);
    rest = text;
    while (status == DC3_OK && (line = strsep(&rest, "\r\n"))) {
        line += strspn(line, " \t");
        if (!*line || *line == '#') continue;
        if (strncmp(line, "warm:", 5) == 0)
            status = add(path, p->warm, &p->warm_count, line + 5);
        else if (strncmp(line, "cold:", 5) == 0)
            status = add(path, p->cold, &p->cold_count, line + 5);
        else
            status = dc3_fail(DC3_ERR_FORMAT,
                              "%s: expected lines 'warm: TEXT' or 'cold: TEXT', found '%.60s'", path, line);
    }
    free(text);
    if (status == DC3_OK && (!p->warm_count || !p->cold_count))
        status =
            dc3_fail(DC3_ERR_FORMAT, "%s: expected at least one warm and one cold prompt, found %d and %d",
                     path, p->warm_count, p->cold_count);
    return status;
}

void dc3_prompt_tell(const char *prompt, const dc3_concepts *concepts, const char *model,
                     const dc3_listener *listener)
{
    char note[1000];
    if (*dc3_concepts_note(concepts, model, prompt, note, sizeof note))
        dc3_listener_say(listener, "note: %s", note);
}

dc3_status dc3_prompts_check(const dc3_prompts *p, const char *path, const dc3_concepts *concepts,
                             const char *model, const dc3_listener *listener)
{
    char names[300], unknown[600] = "";
    int known = 0, told = 0;
    if (!concepts) return DC3_OK;
    for (int i = 0; i < p->warm_count + p->cold_count; i++) {
        const char *prompt = i < p->warm_count ? p->warm[i] : p->cold[i - p->warm_count];
        known += dc3_concepts_know(concepts, prompt);
        told = dc3_concepts_unknown(concepts, prompt, told, unknown, sizeof unknown);
    }
    if (!known)
        return dc3_fail_setting(
            "prompts",
            "%s knows none of the prompts in %s, and so would change next to nothing%s%s; "
            "it knows %s",
            model, path ? path : "the default", told ? ": not " : "", unknown,
            dc3_text_list(dc3_concepts_names(concepts), names, sizeof names));
    for (int i = 0; i < p->warm_count; i++) dc3_prompt_tell(p->warm[i], concepts, model, listener);
    for (int i = 0; i < p->cold_count; i++) dc3_prompt_tell(p->cold[i], concepts, model, listener);
    return DC3_OK;
}

/* `each` different entries of a list, or again from its start where it is shorter. */
static void draw(dc3_rng *rng, const char (*list)[DC3_PROMPT_SIZE], int count, int each, const char **out)
{
    int order[DC3_PROMPTS] = {0};
    for (int i = 0; i < count; i++) order[i] = i;
    for (int i = 0; i < each; i++) {
        int at = i % count, other = at + (int)dc3_rng_below(rng, (uint64_t)(count - at)),
            value = order[other];
        order[other] = order[at];
        order[at] = value;
        out[i] = list[value];
    }
}

void dc3_prompts_draw(const dc3_prompts *p, uint64_t seed, uint64_t item, int each, const char **out)
{
    dc3_rng rng = dc3_rng_make(seed, DC3_RNG_PROMPT, item);
    draw(&rng, p->warm, p->warm_count, each, out);
    draw(&rng, p->cold, p->cold_count, each, out + each);
}

void dc3_instruction(const char *prompt, char out[DC3_PROMPT_SIZE + 100])
{
    int sentence = isupper((unsigned char)prompt[0]) && strchr(prompt, ' ');
    snprintf(out, DC3_PROMPT_SIZE + 100,
             sentence ? "%s" : "Adjust the color hue to be %s and preserve all details and content", prompt);
}
