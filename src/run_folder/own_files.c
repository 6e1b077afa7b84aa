#include "run_folder/own_files.h"

#include <stddef.h>
#include <stdlib.h>
#include <strings.h>
#include "base/file.h"

const char *const dc3_run_files[] = {"selection.json",
                                     "chosen.csv",
                                     "skipped.txt",
                                     "soft_labels.safetensors",
                                     "soft_labels.safetensors.checkpoint",
                                     "teacher.safetensors",
                                     "teacher.safetensors.checkpoint",
                                     "probe.safetensors",
                                     "fine-tuned.safetensors",
                                     "fine-tuned.safetensors.checkpoint",
                                     "fine-tuned.safetensors.probe",
                                     "map.json",
                                     "quality.json",
                                     "report.html",
                                     "pictures.txt",
                                     NULL};

/* What stays when a run starts over, and what only comparisons have. */
static const char *const others[] = {
    "dc3.json", "scores.json",  "state.db",      "state.db-wal",  "state.db-shm",
    ".lock",    "compare.json", "results.jsonl", "table.txt",     "table.json",
    "now.json", "unmet.json",   "cost.json",     "generate.json", NULL};

int dc3_is_run_folder(const char *path)
{
    static const char *const documents[] = {"dc3.json", "compare.json", "generate.json"};
    int found = 0;
    for (int i = 0; i < 3; i++) found |= dc3_folder_holds(path, documents[i]);
    return found;
}

static int is_among(const char *name, const char *const *names)
{
    while (*names && strcasecmp(name, *names) != 0) names++;
    return *names != NULL;
}

int dc3_is_run_file(const char *name)
{
    return is_among(name, dc3_run_files) || is_among(name, others);
}
