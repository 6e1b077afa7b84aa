#include "hub/wanted.h"

#include <glib.h>
#include <string.h>
#include "base/listener.h"
#include "dc3/text.h"
#include "io/weights.h"

typedef struct choice {
    const dc3_hub_listing *listing;
    const dc3_hub_name *name;
    const dc3_listener *listener;
    char *wanted;
    int fp16, variants; /* whether it is asked for; parts of which it was taken */
} choice;

static const char *path_of(const choice *c, int i)
{
    return c->listing->files[i].path;
}

static int take(const choice *c, const char *path)
{
    int i = dc3_hub_listing_find(c->listing, path);
    if (i >= 0) c->wanted[i] = 1;
    return i >= 0;
}

/* 1 for STEM-00001-of-00002ENDING. */
static int is_shard(const char *path, const char *stem, const char *ending)
{
    size_t length = strlen(stem);
    if (strncmp(path, stem, length) != 0 || path[length] != '-') return 0;
    const char *number = path + length + 1, *of = strstr(number, "-of-");
    size_t digits = strspn(number, "0123456789");
    if (!of || of != number + digits || !digits) return 0;
    const char *count = of + strlen("-of-");
    size_t more = strspn(count, "0123456789");
    return more && strcmp(count + more, ending) == 0;
}

static int take_shards(const choice *c, const char *stem, const char *ending)
{
    int any = 0;
    for (int i = 0; i < c->listing->count; i++)
        if (is_shard(path_of(c, i), stem, ending)) c->wanted[i] = any = 1;
    return any;
}

/* Weights in one file STEM + ENDING, or an index and its shards; of the variant fp16, as Python's programs
 * name it, STEM.fp16 + ENDING, and STEM + ENDING.index.fp16.json with STEM.fp16-00001-of-00002 + ENDING. */
static int take_weights(const choice *c, const char *stem, const char *ending, int fp16)
{
    const char *variant = fp16 ? ".fp16" : "";
    char *varied = g_strconcat(stem, variant, NULL), *whole = g_strconcat(varied, ending, NULL),
         *index = g_strconcat(stem, ending, ".index", variant, ".json", NULL);
    int found = take(c, whole);
    if (!found && take(c, index)) found = take_shards(c, varied, ending);
    g_free(index);
    g_free(whole);
    g_free(varied);
    return found;
}

/* ---- a part with weights ---- */

static dc3_status no_weights(const choice *c, const char *stem)
{
    return dc3_fail(DC3_ERR_IO, "hf:%s: expected weights in %s.safetensors or .bin; the repository has none",
                    c->name->repository, stem);
}

/* `folder` is "" or ends with a slash; `stem` and `bin` are the names of both kinds without their endings. */
static dc3_status choose_weights(choice *c, const char *folder, const char *stem, const char *bin)
{
    char *safe = g_strconcat(folder, stem, NULL), *pickled = g_strconcat(folder, bin, NULL);
    const dc3_listener *to = c->listener;
    const char *repository = c->name->repository;
    dc3_status status = DC3_OK;
    if (c->fp16 && (take_weights(c, safe, ".safetensors", 1) || take_weights(c, pickled, ".bin", 1)))
        c->variants++;
    else if (take_weights(c, safe, ".safetensors", 0)) {
        if (c->fp16) dc3_listener_say(to, "note: hf:%s: %s has no fp16 variant", repository, safe);
    } else if (take_weights(c, safe, ".safetensors", 1))
        dc3_listener_say(to, "note: hf:%s: %s has the variant fp16 only", repository, safe);
    else if (take_weights(c, pickled, ".bin", 0) || take_weights(c, pickled, ".bin", 1))
        dc3_listener_say(to, "note: hf:%s: %s has no safetensors; its .bin is taken", repository, safe);
    else
        status = no_weights(c, safe);
    g_free(pickled);
    g_free(safe);
    return status;
}

/* ---- repositories ---- */

/* The parts of diffusion models that dc3 reads; others, such as a safety checker, it does not. */
static const struct {
    const char *folder, *stem, *bin; /* stem NULL: no weights */
} parts[] = {{"unet/", "diffusion_pytorch_model", "diffusion_pytorch_model"},
             {"transformer/", "diffusion_pytorch_model", "diffusion_pytorch_model"},
             {"vae/", "diffusion_pytorch_model", "diffusion_pytorch_model"},
             {"text_encoder/", "model", "pytorch_model"},
             {"tokenizer/", NULL, NULL},
             {"scheduler/", NULL, NULL}};

static int is_text(const char *name)
{
    return !strchr(name, '/') && !strstr(name, ".index.") &&
           (g_str_has_suffix(name, ".json") || strcmp(name, "merges.txt") == 0);
}

static dc3_status choose_pipeline(choice *c)
{
    for (size_t p = 0; p < G_N_ELEMENTS(parts); p++) {
        char *config = g_strconcat(parts[p].folder, "config.json", NULL);
        for (int i = 0; i < c->listing->count; i++)
            if (g_str_has_prefix(path_of(c, i), parts[p].folder) &&
                is_text(path_of(c, i) + strlen(parts[p].folder)))
                c->wanted[i] = 1;
        dc3_status status = DC3_OK;
        if (parts[p].stem && dc3_hub_listing_find(c->listing, config) >= 0)
            status = choose_weights(c, parts[p].folder, parts[p].stem, parts[p].bin);
        g_free(config);
        DC3_TRY(status);
    }
    return DC3_OK;
}

/* The only safetensors file on the first level, as adapters have it. */
static dc3_status choose_only(const choice *c)
{
    GString *names = g_string_new(NULL);
    int count = 0, last = -1;
    for (int i = 0; i < c->listing->count; i++) {
        if (strchr(path_of(c, i), '/') || !g_str_has_suffix(path_of(c, i), ".safetensors")) continue;
        if (names->len < 400) g_string_append_printf(names, "%s%s", count ? ", " : "", path_of(c, i));
        last = i;
        count++;
    }
    dc3_status status = DC3_OK;
    if (count == 1)
        c->wanted[last] = 1;
    else if (count)
        status =
            dc3_fail_about("name", "hf:%s: has %d files of weights; name one, as in hf:%s:%s (%s)",
                           c->name->repository, count, c->name->repository, path_of(c, last), names->str);
    else
        status =
            dc3_fail(DC3_ERR_IO,
                     "hf:%s: expected model_index.json, config.json with weights, or a safetensors file; "
                     "the repository has none; hf:%s:FILE names another file",
                     c->name->repository, c->name->repository);
    g_string_free(names, TRUE);
    return status;
}

/* The shards of an index, "STEM.safetensors.index.json" or "STEM.safetensors.index.fp16.json". */
static void take_listed(const choice *c, const char *file)
{
    const char *index = g_strrstr(file, ".index."), *variant = index + strlen(".index"),
               *end = strrchr(file, '.');
    char *whole = g_strndup(file, (gsize)(index - file)), *dot = strrchr(whole, '.');
    char *kind = g_strdup(dot ? dot : "");
    if (dot) *dot = 0;
    char *stem = g_strdup_printf("%s%.*s", whole, (int)(end - variant), variant);
    take_shards(c, stem, kind);
    g_free(stem);
    g_free(kind);
    g_free(whole);
}

static dc3_status choose_file(const choice *c)
{
    const char *file = c->name->file;
    if (!take(c, file)) {
        GPtrArray *names = g_ptr_array_new();
        char hint[DC3_HINT_SIZE];
        for (int i = 0; i < c->listing->count; i++) g_ptr_array_add(names, c->listing->files[i].path);
        dc3_status status = dc3_fail(DC3_ERR_IO, "hf:%s: has no file '%s'%s", c->name->repository, file,
                                     dc3_hint(file, (const char *const *)names->pdata, names->len, hint));
        g_ptr_array_free(names, TRUE);
        return status;
    }
    if (dc3_weights_are_index(file)) take_listed(c, file);
    return DC3_OK;
}

dc3_status dc3_hub_choose(const dc3_hub_listing *listing, const dc3_hub_name *name, int fp16,
                          const dc3_listener *listener, char *wanted)
{
    choice c = {listing, name, listener, wanted, fp16, 0};
    memset(wanted, 0, (size_t)listing->count);
    if (name->file && fp16)
        return dc3_fail_setting("fp16", "means nothing with a file, hf:%s:%s", name->repository, name->file);
    if (name->file) return choose_file(&c);
    if (take(&c, "model_index.json"))
        DC3_TRY(choose_pipeline(&c));
    else if (take(&c, "config.json")) {
        take(&c, "preprocessor_config.json");
        DC3_TRY(choose_weights(&c, "", "model", "pytorch_model"));
    } else if (!take(&c, "pytorch_lora_weights.safetensors"))
        DC3_TRY(choose_only(&c));
    if (fp16 && !c.variants)
        return dc3_fail_setting("fp16", "hf:%s has no weights of the variant fp16", name->repository);
    return DC3_OK;
}
