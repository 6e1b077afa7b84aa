#include "learn/protocol.h"

#include <string.h>

double dc3_protocol_lr(const char *arch)
{
    static const struct {
        const char *begin;
        double lr;
    } known[] = {{"vgg11", 5e-4},   {"efficientnet", 2e-3}, {"mobilenet_v2", 2.5e-3},
                 {"alexnet", 1e-4}, {"vit", 1e-4},          {"swin", 1e-4}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(arch, known[i].begin, strlen(known[i].begin)) == 0) return known[i].lr;
    return 1e-3;
}

int dc3_protocol_batch(int64_t images, int64_t classes)
{
    static const struct {
        int64_t classes;
        int batch[3]; /* for 1, 10 and 50 images a class */
    } known[] = {{10, {50, 250, 1000}},
                 {100, {50, 200, 1000}},
                 {200, {100, 500, 2500}},
                 {INT64_MAX, {1000, 2000, 2000}}};
    int64_t ipc = classes > 0 ? images / classes : images;
    int row = 0, column = ipc < 10 ? 0 : ipc < 50 ? 1 : 2;
    while (classes > known[row].classes) row++;
    int batch = known[row].batch[column];
    return images < batch ? (int)images : batch;
}

int dc3_protocol_factor(int size)
{
    return size <= 64 ? 1 : 2;
}
