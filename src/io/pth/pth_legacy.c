/* The form before 1.6, a sequence of pickles: a magic number, the protocol version, the machine that wrote,
 * the object, the keys of its storages; then each storage in the order of the keys, its number of elements (8
 * bytes) before its data. */
#include <stdio.h>
#include <string.h>
#include "io/pth/pth_private.h"

enum { MAGIC, VERSION, MACHINE, OBJECT, KEYS, PICKLES };

static dc3_status bad(const dc3_pth_file *file, const char *expected, const char *found)
{
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected %s, found %s", file->origin, expected, found);
}

static dc3_status check(const dc3_pth_file *file, int which, const dc3_pickle_value *root)
{
    static const unsigned char magic[] = {0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
    const dc3_pickle_value *little;
    char found[96];
    switch (which) {
    case MAGIC:
        if (root->kind == DC3_PICKLE_OTHER && root->size == sizeof magic &&
            memcmp(root->text, magic, sizeof magic) == 0)
            return DC3_OK;
        snprintf(found, sizeof found, "a Python pickle (pickle.dump) of %s", dc3_pickle_what(root));
        return dc3_fail(DC3_ERR_FORMAT,
                        "%s: expected what torch.save writes, found %s; load it in Python and write it with "
                        "torch.save(OBJECT, FILE), or arrays with numpy.savez(FILE, NAME=ARRAY, ...)",
                        file->origin, found);
    case VERSION:
        if (root->kind == DC3_PICKLE_INT && root->number == 1001) return DC3_OK;
        return bad(file, "version 1001 of torch.save", "another");
    case MACHINE:
        little = dc3_pickle_find(root, "little_endian");
        if (little && little->kind == DC3_PICKLE_BOOL && little->number) return DC3_OK;
        return bad(file, "little-endian data", little ? "big-endian data" : "no mention of the byte order");
    case KEYS:
        return root->kind == DC3_PICKLE_LIST ? DC3_OK
                                             : bad(file, "a list of storages", dc3_pickle_what(root));
    default:
        return DC3_OK;
    }
}

/* The sizes that the object gives its storages: "key" -> [elements, bytes of one], without data. */
static dc3_status note_sizes(const dc3_pth_file *file, const dc3_pickle_value *storages, dc3_table *sizes)
{
    for (size_t i = 0; i < storages->size; i++) {
        const dc3_pickle_value *s = storages->items[i];
        char key[64];
        if (!dc3_pickle_string(s->items[2], key, sizeof key))
            return bad(file, "a short key of a storage", "another");
        if (dc3_table_find(sizes, key)) continue;
        int64_t shape[] = {s->items[4]->number, (int64_t)dc3_pickle_element(s)};
        DC3_TRY(dc3_table_add(sizes, key, dc3_view(NULL, DC3_U8, 2, shape)));
    }
    return DC3_OK;
}

static dc3_status place(const dc3_pth_file *file, const dc3_pickle_value *value, const dc3_table *sizes,
                        size_t *at)
{
    char key[64];
    if (value->kind != DC3_PICKLE_TEXT) return bad(file, "keys of storages", dc3_pickle_what(value));
    const dc3_tensor *size = dc3_pickle_string(value, key, sizeof key) ? dc3_table_find(sizes, key) : NULL;
    if (!size) return bad(file, "keys of storages that tensors use", key);
    uint64_t elements = 0, each = (uint64_t)size->shape[1];
    if (file->size - *at < 8)
        return bad(file, "data of all storages", "the end of the file (is it truncated?)");
    for (int i = 7; i >= 0; i--) elements = elements << 8 | file->data[*at + (size_t)i];
    *at += 8;
    if (elements != (uint64_t)size->shape[0] || elements > (file->size - *at) / each)
        return dc3_fail(
            DC3_ERR_FORMAT,
            "%s: storage '%s': expected %lld elements, found %llu and %zu bytes (is the file truncated?)",
            file->origin, key, (long long)size->shape[0], (unsigned long long)elements, file->size - *at);
    DC3_TRY(dc3_pth_part(file, key, *at, (size_t)(elements * each)));
    *at += (size_t)(elements * each);
    return DC3_OK;
}

static dc3_status place_storages(const dc3_pth_file *file, dc3_pickle *const *pickles, size_t at)
{
    const dc3_pickle_value *keys = dc3_pickle_root(pickles[KEYS]);
    dc3_table *sizes = dc3_table_new(file->origin);
    if (!sizes) return dc3_fail(DC3_ERR_MEMORY, "%s: out of memory", file->origin);
    dc3_status status = note_sizes(file, dc3_pickle_storages(pickles[OBJECT]), sizes);
    for (size_t i = 0; status == DC3_OK && i < keys->size; i++)
        status = place(file, keys->items[i], sizes, &at);
    dc3_table_close(&sizes);
    return status;
}

dc3_status dc3_pth_legacy(dc3_pth_file *file)
{
    dc3_pickle *pickles[PICKLES] = {0};
    size_t at = 0, used;
    dc3_status status = DC3_OK;
    for (int i = 0; status == DC3_OK && i < PICKLES; i++) {
        status = dc3_pickle_load(file->origin, file->data + at, file->size - at, &pickles[i], &used);
        if (status != DC3_OK) break;
        at += used;
        status = check(file, i, dc3_pickle_root(pickles[i]));
    }
    if (status == DC3_OK) status = place_storages(file, pickles, at);
    if (status == DC3_OK) status = dc3_pth_take(file, dc3_pickle_root(pickles[OBJECT]));
    for (int i = 0; i < PICKLES; i++) dc3_pickle_close(&pickles[i]);
    return status;
}
