#include "ranks/agree.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/rng.h"
#include "dc3/text.h"
#include "kernels/describe.h"
#include "ranks/ranks.h"
#include "ranks/sum.h"

/* Of two lists of lines the first that differ, of `first` and `second` bytes. */
static void find_difference(const char **a, const char **b, int *first, int *second)
{
    for (;;) {
        size_t n = strcspn(*a, "\n"), m = strcspn(*b, "\n");
        *first = (int)n, *second = (int)m;
        if (n != m || strncmp(*a, *b, n) != 0 || !(*a)[n] || !(*b)[m]) return;
        *a += n + 1, *b += m + 1;
    }
}

static dc3_status compare(int rank, const char *ours)
{
    const char *theirs = dc3_ranks_states(rank);
    int n, m;
    if (strcmp(theirs, ours) == 0) return DC3_OK;
    find_difference(&theirs, &ours, &n, &m);
    return dc3_fail(DC3_ERR_ARGUMENT, "%s has \"%.*s\", and rank 0 \"%.*s\"; expected the same on all ranks",
                    dc3_ranks_name(rank), n, theirs, m, ours);
}

dc3_status dc3_ranks_agree(const char *states)
{
    size_t bytes = strlen(states);
    if (dc3_ranks_count() == 1) return DC3_OK;
    if (dc3_ranks_rank()) {
        dc3_message *m = dc3_message_make(DC3_MESSAGE_STATES, 0, 0, bytes);
        if (m) memcpy(dc3_message_body(m), states, bytes);
        return dc3_ranks_send(0, m, bytes);
    }
    DC3_TRY(dc3_ranks_wait_states());
    dc3_status status = DC3_OK;
    for (int i = 1; status == DC3_OK && i < dc3_ranks_count(); i++) status = compare(i, states);
    dc3_ranks_forget_states();
    return status;
}

/* A hash of all of it. */
static uint64_t hash_program(void)
{
    dc3_mapping program;
    if (dc3_map_open("/proc/self/exe", &program) != DC3_OK) return 0;
    uint64_t hash = dc3_hash64(program.data, program.size);
    dc3_map_close(&program);
    return hash;
}

dc3_status dc3_ranks_agree_on(const json_t *settings)
{
    char kernels[64];
    dc3_draft text;
    const char *name;
    json_t *value, *all = (json_t *)settings; /* jansson walks through what it may change alone */
    if (dc3_ranks_count() == 1) return DC3_OK;
    DC3_TRY(dc3_draft_open(&text));
    fprintf(text.file, "program: dc3 %s %016llx\n", dc3_version(), (unsigned long long)hash_program());
    fprintf(text.file, "processor: %s\n", dc3_kernels_text(kernels));
    json_object_foreach(all, name, value)
    {
        char *line = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        fprintf(text.file, "%s: %s\n", name, line ? line : "");
        free(line);
    }
    int printed = fclose(text.file) == 0;
    dc3_status status = printed ? dc3_ranks_agree(text.text) : dc3_fail(DC3_ERR_MEMORY, "out of memory");
    free(text.text);
    return status == DC3_OK ? dc3_ranks_meet() : status;
}
