/* Runs a fuzz target on the files and the files of the folders that are named: its corpus as a test. */
#include <dirent.h>
#include "fuzz.h"

static long run(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "%s: cannot open\n", path);
        exit(1);
    }
    uint8_t *data = malloc(1 << 24);
    size_t size = fread(data, 1, 1 << 24, file);
    fclose(file);
    /* Exactly as large as the input, so that a sanitizer sees a read behind it. */
    data = realloc(data, size ? size : 1);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    long count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (!folder) count += run(argv[i]);
        for (struct dirent *e; folder && (e = readdir(folder));) {
            char path[4096];
            if (e->d_name[0] == '.') continue;
            snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
            count += run(path);
        }
        if (folder) closedir(folder);
    }
    printf("%ld inputs\n", count);
    return count > 0 ? 0 : 1;
}
