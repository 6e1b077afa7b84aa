#include "diffusion/concepts.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

enum { MOST = 512, PROMPT = 512 };

struct dc3_concepts {
    json_t *json; /* which owns all strings */
    const char *names[MOST + 1], *words[MOST + 1];
    int name_count, word_count;
};

static dc3_status add(const char *file, const char *word, const char **list, int *count)
{
    if (!word || !*word || *count == MOST)
        return dc3_fail(DC3_ERR_FORMAT, "%s: expected lists of at most %d words in 'concepts'", file, MOST);
    list[(*count)++] = word;
    return DC3_OK;
}

static dc3_status fill(dc3_concepts *c, const char *file)
{
    const char *name;
    json_t *others;
    json_object_foreach(c->json, name, others)
    {
        DC3_TRY(add(file, name, c->names, &c->name_count));
        DC3_TRY(add(file, name, c->words, &c->word_count));
        for (size_t i = 0; i < json_array_size(others); i++)
            DC3_TRY(add(file, json_string_value(json_array_get(others, i)), c->words, &c->word_count));
    }
    return c->name_count ? DC3_OK : dc3_fail(DC3_ERR_FORMAT, "%s: 'concepts' names none", file);
}

dc3_status dc3_concepts_open(const json_t *object, const char *file, dc3_concepts **concepts)
{
    *concepts = NULL;
    if (!object || json_is_null(object)) return DC3_OK;
    if (!json_is_object(object))
        return dc3_fail(DC3_ERR_FORMAT, "%s: 'concepts' should be an object of names and lists of words",
                        file);
    dc3_concepts *c = *concepts = calloc(1, sizeof *c);
    if (!c) return dc3_fail(DC3_ERR_MEMORY, "out of memory");
    c->json = json_deep_copy(object);
    dc3_status status = c->json ? fill(c, file) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    if (status != DC3_OK) dc3_concepts_close(concepts);
    return status;
}

void dc3_concepts_close(dc3_concepts **concepts)
{
    if (!*concepts) return;
    json_decref((*concepts)->json);
    free(*concepts);
    *concepts = NULL;
}

const char *const *dc3_concepts_names(const dc3_concepts *c)
{
    return c->names;
}

const char *const *dc3_concepts_words(const dc3_concepts *c)
{
    return c->words;
}

const json_t *dc3_concepts_json(const dc3_concepts *c)
{
    return c->json;
}

static int is_letter(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* " word word ": small letters, anything else one space. */
static void simplify(const char *text, char out[PROMPT])
{
    int n = 0;
    out[n++] = ' ';
    for (; *text && n < PROMPT - 2; text++)
        if (is_letter(*text))
            out[n++] = (char)tolower((unsigned char)*text);
        else if (out[n - 1] != ' ')
            out[n++] = ' ';
    if (out[n - 1] != ' ') out[n++] = ' ';
    out[n] = 0;
}

/* Writes '\n' over what is known of a simplified prompt; how often. */
static int strike_known(const dc3_concepts *c, char *prompt)
{
    char whole[PROMPT], word[PROMPT];
    int found = 0;
    strcpy(whole, prompt);
    for (int i = 0; i < c->word_count; i++) {
        simplify(c->words[i], word);
        for (const char *at = whole; strlen(word) > 2 && (at = strstr(at, word)); at++, found++)
            memset(prompt + (at - whole) + 1, '\n', strlen(word) - 2);
    }
    return found;
}

int dc3_concepts_know(const dc3_concepts *c, const char *prompt)
{
    char text[PROMPT];
    if (!c) return 1;
    simplify(prompt, text);
    return strike_known(c, text) > 0;
}

/* Words that say nothing about colours by themselves. */
static int is_filler(const char *word)
{
    static const char *const fillers[] = {
        "a",     "an",      "the",     "of",      "in",   "on",         "at",    "by",       "to",
        "and",   "or",      "with",    "as",      "it",   "its",        "is",    "be",       "make",
        "turn",  "into",    "like",    "change",  "look", "looks",      "give",  "seen",     "if",
        "were",  "photo",   "picture", "image",   "tone", "photograph", "color", "hue",      "colour",
        "light", "colours", "colors",  "adjust",  "more", "very",       "day",   "preserve", "all",
        "this",  "that",    "style",   "details", "from", "content"};
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        if (strcmp(fillers[i], word) == 0) return 1;
    return 0;
}

static void append(char *text, size_t size, const char *more)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", more);
}

/* What of the model's a word is a slip of: a whole entry, or one that has such a word ("huor": "golden hour",
 * as a whole entry is no nearer); NULL: nothing. */
static const char *nearest(const dc3_concepts *c, const char *word)
{
    const char *best = dc3_text_nearest(word, c->words, (size_t)c->word_count);
    int distance = best ? dc3_text_distance(word, best) : PROMPT;
    for (int i = 0; i < c->word_count; i++) {
        char entry[PROMPT], *rest = entry, *part;
        simplify(c->words[i], entry);
        while ((part = strsep(&rest, " "))) {
            const char *one = part;
            if (!*part || is_filler(part) || !dc3_text_nearest(word, &one, 1)) continue;
            if (dc3_text_distance(word, part) >= distance) continue;
            distance = dc3_text_distance(word, part), best = c->words[i];
        }
    }
    return best;
}

/* "'moonlight' (nearest: 'sunlight')" of each word that is left, up to three in all with the `count` before
 * them; how many there are then. */
static int list_unknown(const dc3_concepts *c, char *left, int count, char *text, size_t size)
{
    enum { TOLD = 3 };
    char *rest = left, *word, one[300];
    while (count < TOLD && (word = strsep(&rest, " \n"))) {
        if (!*word || is_filler(word)) continue;
        const char *near = nearest(c, word);
        snprintf(one, sizeof one, "%s'%.60s'%s%.60s%s", count ? ", " : "", word, near ? " (nearest: '" : "",
                 near ? near : "", near ? "')" : "");
        append(text, size, one);
        count++;
    }
    return count;
}

int dc3_concepts_unknown(const dc3_concepts *c, const char *prompt, int count, char *text, size_t size)
{
    char left[PROMPT];
    simplify(prompt, left);
    strike_known(c, left);
    return list_unknown(c, left, count, text, size);
}

const char *dc3_concepts_note(const dc3_concepts *c, const char *model, const char *prompt, char *text,
                              size_t size)
{
    char left[PROMPT], unknown[600] = "", names[300];
    *text = 0;
    if (!c) return text;
    simplify(prompt, left);
    int known = strike_known(c, left), count = list_unknown(c, left, 0, unknown, sizeof unknown);
    if (known && count) snprintf(text, size, "%s does not know %s of '%.80s'", model, unknown, prompt);
    if (known) return text;
    if (!count) snprintf(unknown, sizeof unknown, "'%.80s'", prompt);
    snprintf(text, size, "%s does not know %s, and so changes next to nothing; it knows %s", model, unknown,
             dc3_text_list(c->names, names, sizeof names));
    return text;
}
