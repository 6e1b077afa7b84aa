#include "base/node.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"

int dc3_node_of(const char *path, dc3_node *node)
{
    struct stat info;
    if (stat(path, &info) != 0) return 0;
    *node = (dc3_node){info.st_dev, info.st_ino};
    return 1;
}

int dc3_node_same(dc3_node a, dc3_node b)
{
    return a.device == b.device && a.number == b.number;
}

int dc3_node_among(const dc3_node *nodes, int count, dc3_node node)
{
    for (int i = 0; i < count; i++)
        if (dc3_node_same(nodes[i], node)) return 1;
    return 0;
}

dc3_status dc3_line_of(const char *path, dc3_line *line)
{
    const int most = sizeof line->at / sizeof *line->at;
    char *real = dc3_path_real(path);
    if (!real) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", path);
    line->count = 0;
    line->is_there = dc3_path_what(real) != DC3_PATH_MISSING;
    for (char *end = real + strlen(real); line->count < most;) {
        if (dc3_node_of(*real ? real : "/", &line->at[line->count])) line->count++;
        if (!*real) break;
        while (end > real && *--end != '/') continue;
        *end = 0;
    }
    free(real);
    return DC3_OK;
}

int dc3_line_has(const dc3_line *line, dc3_node node)
{
    return dc3_node_among(line->at, line->count, node);
}
