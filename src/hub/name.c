#include "hub/name.h"

#include <glib.h>
#include <string.h>
#include "dc3/hub.h"

static const char prefix[] = "hf:";
#define FORM "hf:OWNER/NAME, hf:OWNER/NAME@REVISION or hf:OWNER/NAME:FILE"
enum { LONGEST = 96 }; /* an owner, and a name, as the hub has them */

int dc3_hub_is_name(const char *text)
{
    return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

int dc3_hub_path_is_plain(const char *path)
{
    size_t length;
    for (const char *part = path;; part += length + 1) {
        length = strcspn(part, "/");
        if (!length || (length == 1 && *part == '.') || (length == 2 && part[0] == '.' && part[1] == '.'))
            return 0;
        for (size_t i = 0; i < length; i++)
            if ((unsigned char)part[i] < ' ' || part[i] == '\\' || part[i] == 0x7f) return 0;
        if (!part[length]) return 1;
    }
}

int dc3_hub_is_digest(const char *text, size_t length)
{
    return text && strlen(text) == length && strspn(text, "0123456789abcdef") == length;
}

/* An owner or a name: letters, digits, "-", "_" and ".", the last two neither doubled nor at an end. */
static int is_word(const char *word, size_t length)
{
    if (!length || length > LONGEST || strchr("-.", word[0]) || strchr("-.", word[length - 1])) return 0;
    for (size_t i = 0; i < length; i++) {
        if (!g_ascii_isalnum(word[i]) && !strchr("-_.", word[i])) return 0;
        if (i && strchr("-.", word[i]) && word[i] == word[i - 1]) return 0;
    }
    return 1;
}

int dc3_hub_is_repository(const char *text)
{
    const char *slash = strchr(text, '/');
    return slash && is_word(text, (size_t)(slash - text)) && is_word(slash + 1, strlen(slash + 1));
}

dc3_status dc3_hub_name_read(const char *text, dc3_hub_name *name)
{
    *name = (dc3_hub_name){.file = NULL};
    if (!dc3_hub_is_name(text))
        return dc3_fail_about("name", "%s: expected a name of the Hugging Face Hub, " FORM "%s%s%s", text,
                              dc3_hub_is_repository(text) ? "; did you mean hf:" : "",
                              dc3_hub_is_repository(text) ? text : "",
                              dc3_hub_is_repository(text) ? "?" : "");
    char *repository = g_strdup(text + strlen(prefix)), *file = strchr(repository, ':');
    if (file) *file++ = 0;
    char *revision = strchr(repository, '@');
    if (revision) *revision++ = 0;
    *name = (dc3_hub_name){repository, g_strdup(revision ? revision : "main"), g_strdup(file)};
    if (!dc3_hub_is_repository(repository))
        return dc3_fail_about("name", "%s: expected " FORM ", found '%s' in place of OWNER/NAME", text,
                              repository);
    if (!dc3_hub_path_is_plain(name->revision))
        return dc3_fail_about("name", "%s: expected a branch, a tag or a commit behind @, found '%s'", text,
                              name->revision);
    if (name->file && !dc3_hub_path_is_plain(name->file))
        return dc3_fail_about("name", "%s: expected a file within the repository, found '%s'", text,
                              name->file);
    return DC3_OK;
}

void dc3_hub_name_free(dc3_hub_name *name)
{
    g_free(name->repository);
    g_free(name->revision);
    g_free(name->file);
    *name = (dc3_hub_name){.file = NULL};
}
