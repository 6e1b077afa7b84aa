/* The golden folder of a test of whole networks: nets.json says what they are, golden.safetensors what they
 * should give. */
#ifndef DC3_TESTS_GOLDEN_NETS_H
#define DC3_TESTS_GOLDEN_NETS_H

#include "support/golden_file.h"
#include "io/json.h"

static json_t *nets;

/* `folder` below tests/golden; not 0 where a file cannot be read, as cmocka's set-ups say it. */
static inline int open_golden_nets(const char *folder)
{
    char path[512], file[80];
    snprintf(path, sizeof path, "%s/%s/nets.json", DC3_TEST_DATA, folder);
    snprintf(file, sizeof file, "%s/golden.safetensors", folder);
    return dc3_json_read(path, 1 << 20, &nets) != DC3_OK || open_golden_file(file);
}

static inline int close_golden_nets(void **state)
{
    json_decref(nets);
    return close_golden(state);
}

static inline void must(dc3_status status)
{
    if (status != DC3_OK) fail_msg("%s", dc3_error_text());
}

#endif
