/* CLIP's words: the matches of
 *   <|startoftext|> | <|endoftext|> | 's | 't | 're | 've | 'm | 'll | 'd | letters | one number | other
 * marks in the normalized text. */
#include <glib.h>
#include <stdbool.h>
#include <string.h>
#include "tokenizer/tokenizer_bpe.h"

/* Lower case letter by letter. U+0130 is the only one that becomes two; Roman numerals and circled letters
 * are no letters to GLib. */
static void append_lower(GString *out, gunichar c)
{
    if (c == 0x130)
        g_string_append(out, "i\xcc\x87");
    else if (c >= 0x2160 && c <= 0x216F)
        g_string_append_unichar(out, c + 16);
    else if (c >= 0x24B6 && c <= 0x24CF)
        g_string_append_unichar(out, c + 26);
    else
        g_string_append_unichar(out, g_unichar_tolower(c));
}

/* The White_Space property; control characters besides these are marks. */
static bool is_space(gunichar c)
{
    return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
           c == 0x3000;
}

char *dc3_clip_normalize(const char *text, size_t size)
{
    char *valid = g_utf8_make_valid(text, (gssize)size);
    char *composed = g_utf8_normalize(valid, -1, G_NORMALIZE_DEFAULT_COMPOSE);
    GString *out = g_string_sized_new(size + 8);
    for (const char *p = composed; *p; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (!is_space(c))
            append_lower(out, c);
        else if (!out->len || out->str[out->len - 1] != ' ')
            g_string_append_c(out, ' ');
    }
    g_free(valid);
    g_free(composed);
    return g_string_free(out, FALSE);
}

typedef enum letter_kind { SPACE, LETTER, NUMBER, MARK } letter_kind;

static letter_kind kind_at(const char *p)
{
    gunichar c = g_utf8_get_char(p);
    if (is_space(c)) return SPACE;
    switch (g_unichar_type(c)) {
    case G_UNICODE_LOWERCASE_LETTER:
    case G_UNICODE_MODIFIER_LETTER:
    case G_UNICODE_OTHER_LETTER:
    case G_UNICODE_TITLECASE_LETTER:
    case G_UNICODE_UPPERCASE_LETTER:
        return LETTER;
    case G_UNICODE_DECIMAL_NUMBER:
    case G_UNICODE_LETTER_NUMBER:
    case G_UNICODE_OTHER_NUMBER:
        return NUMBER;
    default:
        return MARK;
    }
}

/* Bytes of a fixed word that stands at `p`, or 0. */
static size_t fixed_at(const char *p)
{
    static const char *const words[] = {
        "<|startoftext|>", "<|endoftext|>", "'s", "'t", "'re", "'ve", "'m", "'ll", "'d"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (g_str_has_prefix(p, words[i])) return strlen(words[i]);
    return 0;
}

size_t dc3_clip_next_word(const char *text, const char **word)
{
    const char *p = text;
    while (*p && kind_at(p) == SPACE) p = g_utf8_next_char(p);
    *word = p;
    if (!*p) return 0;
    size_t fixed = fixed_at(p);
    if (fixed) return fixed;
    letter_kind kind = kind_at(p);
    const char *end = g_utf8_next_char(p);
    while (kind != NUMBER && *end && kind_at(end) == kind) end = g_utf8_next_char(end);
    return (size_t)(end - p);
}
