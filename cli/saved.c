/* How much of a training or of a labelling is saved in a checkpoint. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "dc3/info.h"

static int64_t number(const json_t *facts, const char *key)
{
    return json_integer_value(json_object_get(facts, key));
}

json_t *saved_in(const char *checkpoint)
{
    dc3_info_options options = dc3_info_defaults();
    dc3_info_report report;
    options.path = checkpoint;
    if (access(checkpoint, R_OK) != 0 || dc3_info(&options, &report) != DC3_OK) return NULL;
    json_t *facts = json_loads(report.json, 0, NULL), *saved = NULL;
    int labels = json_object_get(facts, "labelled") != NULL;
    int64_t done = number(facts, labels ? "labelled" : "step"),
            total = labels ? number(facts, "images") * number(facts, "views") : number(facts, "steps");
    if (labels || json_object_get(facts, "step"))
        saved = json_pack("{s:o, s:s, s:I, s:I}", "file", json_text(checkpoint), "of",
                          labels ? "labels" : "steps", "done", (json_int_t)done, "total", (json_int_t)total);
    json_decref(facts);
    free(report.text);
    free(report.json);
    return saved;
}

void print_saved(const json_t *saved)
{
    if (!saved) return;
    int labels = strcmp(json_string_value(json_object_get(saved, "of")), "labels") == 0;
    int64_t total = number(saved, "total");
    printf("  saved     %lld", (long long)number(saved, "done"));
    if (total > 0) printf(" of %lld", (long long)total);
    printf(labels ? " views labelled\n" : " steps of the training\n");
}
