#include "run_folder/stored_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

/* Copies characters for which allowed(first byte) holds, `_` for the others. */
static void clean(const char *from, size_t length, int (*allowed)(unsigned char), char *to, size_t size)
{
    size_t used = 0;
    for (size_t i = 0, n; i < length; i += n) {
        n = dc3_utf8_length(from + i);
        int plain = n && i + n <= length && allowed((unsigned char)from[i]);
        if (!n || i + n > length) n = 1;
        if (used + (plain ? n : 1) >= size) break;
        if (plain)
            memcpy(to + used, from + i, n);
        else
            to[used] = '_';
        used += plain ? n : 1;
    }
    if (!used) to[used++] = '_';
    to[used] = 0;
}

static int in_stem(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c > 127 ||
           strchr(" ._-", c) != NULL;
}

static int in_folder(unsigned char c)
{
    return c >= 32 && c != 127 && c != '/';
}

void dc3_stored_stem(const char *from, size_t length, char *to, size_t size)
{
    clean(from, length, in_stem, to, size);
    if (*to == '.' || *to == '-') *to = '_';
}

void dc3_stored_key(const char *from, size_t length, char *to, size_t size)
{
    enum { MOST = 80 }; /* behind it and before it stand at most 20 */
    dc3_stored_stem(from, length, to, size < MOST ? size : MOST);
    for (char *dot = to; (dot = strchr(dot, '.'));) *dot = '_';
}

void dc3_class_folders_free(const dc3_dataset *dataset, char **folders)
{
    for (int i = 0; folders && i < dc3_dataset_classes(dataset); i++) free(folders[i]);
    free(folders);
}

dc3_status dc3_class_folders(const dc3_dataset *dataset, char ***out)
{
    enum { SIZE = 256, NUMBER = 12 };
    int n = dc3_dataset_classes(dataset), ordered = 1, failed = 0;
    char **folders = *out = calloc((size_t)n + 1, sizeof *folders);
    for (int i = 0; folders && i < n && !failed; i++) {
        char name[SIZE];
        const char *full = dc3_dataset_class_name(dataset, i);
        clean(full, strlen(full), in_folder, name, sizeof name);
        if (*name == '.') *name = '_';
        failed = !(folders[i] = strdup(name));
        ordered = ordered && !failed && (!i || strcmp(folders[i - 1], folders[i]) < 0);
    }
    int digits = snprintf(NULL, 0, "%d", n);
    for (int i = 0; folders && i < n && !failed && !ordered; i++) {
        char name[SIZE], stem[SIZE - NUMBER];
        clean(folders[i], strlen(folders[i]), in_folder, stem, sizeof stem);
        snprintf(name, sizeof name, "%0*d-%s", digits, i, stem);
        free(folders[i]);
        failed = !(folders[i] = strdup(name));
    }
    if (folders && !failed) return DC3_OK;
    dc3_class_folders_free(dataset, folders);
    *out = NULL;
    return dc3_fail(DC3_ERR_MEMORY, "out of memory");
}
