#include "generate/captions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "dc3/text.h"
#include "io/found.h"

enum { NAMES_LIMIT = 1 << 28 }; /* bytes of the file */

static dc3_status read_names(const char *path, char **names)
{
    size_t size;
    dc3_status status = dc3_file_read(path, NAMES_LIMIT, names, &size);
    if (status != DC3_OK) return dc3_fail_in(status, "%s", dc3_setting("names"));
    DC3_TRY(dc3_check_found(path, "lines of a class and its name", *names, size));
    if (dc3_text_is_utf8(*names)) return DC3_OK;
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected text in UTF-8, found other bytes", path);
}

dc3_status dc3_captions_open(const char *form, const char *names, dc3_captions *c)
{
    *c = (dc3_captions){.form = form ? form : "a photo of a {}"};
    const char *place = strstr(c->form, "{}");
    if (!place || strstr(place + 2, "{}"))
        return dc3_fail_setting("caption_template",
                                "expected one {} where the class's name goes, found '%.80s'", form);
    return names ? read_names(names, &c->names) : DC3_OK;
}

void dc3_captions_close(dc3_captions *c)
{
    free(c->names);
    *c = (dc3_captions){.form = NULL};
}

/* 1 if the line begins with a class of n bytes and what separates it from its name. */
static int begins(const char *line, const char *class_name, size_t n)
{
    return strncmp(line, class_name, n) == 0 && (line[n] == ' ' || line[n] == '\t');
}

/* 1 if the line is one of this class: a tab separates; without one a space does, behind the longest class. */
static int is_line_of(const char *line, const char *class_name, const char *const *classes, int count)
{
    size_t n = strlen(class_name);
    if (!begins(line, class_name, n)) return 0;
    if (line[strcspn(line, "\t\r\n")] == '\t') return line[n] == '\t';
    for (int i = 0; i < count; i++)
        if (strlen(classes[i]) > n && begins(line, classes[i], strlen(classes[i]))) return 0;
    return 1;
}

/* What the file calls a class, into *length bytes; NULL: nothing. */
static const char *name_in(const char *names, const char *class_name, const char *const *classes, int count,
                           size_t *length)
{
    for (const char *line = names; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (!is_line_of(line, class_name, classes, count)) continue;
        const char *name = line + strlen(class_name);
        name += strspn(name, " \t");
        *length = strcspn(name, "\r\n");
        if (*length) return name;
    }
    return NULL;
}

int dc3_captions_name(const dc3_captions *c, const char *class_name, const char *const *classes, int count)
{
    size_t length;
    return name_in(c->names, class_name, classes, count, &length) != NULL;
}

char *dc3_caption(const dc3_captions *c, const char *class_name, const char *const *classes, int count)
{
    size_t length = strlen(class_name);
    const char *known = name_in(c->names, class_name, classes, count, &length),
               *place = strstr(c->form, "{}");
    char *name = strndup(known ? known : class_name, length), *text = NULL;
    for (char *at = known ? NULL : name; at && *at; at++)
        if (*at == '_' || *at == '-') *at = ' ';
    if (!name || asprintf(&text, "%.*s%s%s", (int)(place - c->form), c->form, name, place + 2) < 0)
        text = NULL;
    free(name);
    return text;
}
