/* The golden file of a test that has one. */
#ifndef DC3_TESTS_GOLDEN_FILE_H
#define DC3_TESTS_GOLDEN_FILE_H

#include "support/random_tensors.h"
#include <stdio.h>
#include "io/safetensors.h"

static dc3_table *golden;

/* `file` below tests/golden; not 0 where it cannot be read, as cmocka's set-ups say it. */
static inline int open_golden_file(const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", DC3_TEST_DATA, file);
    return dc3_safetensors_open(path, &golden) != DC3_OK;
}

static inline int close_golden(void **state)
{
    (void)state;
    dc3_table_close(&golden);
    return 0;
}

/* "what.n", or "what" where n is negative. */
static inline const dc3_tensor *find(const char *what, int n)
{
    char name[80];
    snprintf(name, sizeof name, n < 0 ? "%s" : "%s.%d", what, n);
    const dc3_tensor *t = dc3_table_find(golden, name);
    if (!t) fail_msg("no tensor %s", name);
    return t;
}

#endif
