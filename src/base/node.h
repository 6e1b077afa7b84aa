/* Files and folders as the file system numbers them: the same by whatever name, link or letters' case. */
#ifndef DC3_BASE_NODE_H
#define DC3_BASE_NODE_H

#include <sys/types.h>
#include "base/status.h"

typedef struct dc3_node {
    dev_t device;
    ino_t number;
} dc3_node;

/* What `path` leads to; 0 if there is nothing. */
int dc3_node_of(const char *path, dc3_node *node);
int dc3_node_same(dc3_node a, dc3_node b);
/* 1 if `node` is one of `count` others. */
int dc3_node_among(const dc3_node *nodes, int count, dc3_node node);

/* A path's own node, where it is there, and those of the folders above it, from the innermost on. */
typedef struct dc3_line {
    dc3_node at[128];
    int count;
    int is_there; /* at[0] is the path itself */
} dc3_line;

/* What does not exist yet counts from the first folder above it that does. DC3_ERR_MEMORY at most. */
dc3_status dc3_line_of(const char *path, dc3_line *line);
int dc3_line_has(const dc3_line *line, dc3_node node);

#endif
