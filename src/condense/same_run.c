#include "condense/same_run.h"

#include "base/options.h"
#include "dc3/text.h"
#include "run_folder/fingerprint.h"

/* What earlier versions left out, where all had it. */
static void complete(json_t *was, const json_t *is)
{
    if (json_object_get(was, "warm_prompts") && !json_object_get(was, "compensation"))
        json_object_set_new(was, "compensation", json_string("random"));
    if (json_equal(json_object_get(was, "method"), json_object_get(is, "method")) &&
        json_object_get(is, "selection") && !json_object_get(was, "selection"))
        json_object_set_new(was, "selection", json_string("paper"));
}

/* Bytes as they are typed. Where images are stored otherwise, the size of shards that follows is not named.
 */
static void word_sizes(json_t *was, json_t *is)
{
    static const char *const keys[] = {"budget", "shard_size"};
    json_t *both[2] = {was, is};
    int same = json_equal(json_object_get(was, "store"), json_object_get(is, "store"));
    for (int i = 0; i < 4; i++) {
        char text[DC3_NUMBER_TEXT];
        json_t *settings = both[i % 2];
        double bytes = json_number_value(json_object_get(settings, keys[i / 2]));
        if (bytes > 0)
            json_object_set_new(settings, keys[i / 2], json_string(dc3_exact_size_text(bytes, text)));
        if (!same) json_object_del(settings, "shard_size");
    }
}

/* Where one run trains its teacher and the other does not, in a word what theirs are. */
static void word_teachers(json_t *was, json_t *is)
{
    static const char *const keys[] = {"own_teacher", "teacher_size", "teacher_fingerprint"};
    json_t *both[2] = {was, is};
    if (!json_object_get(was, keys[0]) == !json_object_get(is, keys[0])) return;
    for (int i = 0; i < 2; i++) {
        const char *word = json_object_get(both[i], keys[0])                     ? "trained by the run"
                           : json_is_string(json_object_get(both[i], "teacher")) ? "given"
                                                                                 : "none";
        json_object_set_new(both[i], "teacher", json_string(word));
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) json_object_del(both[i], keys[k]);
    }
}

dc3_status dc3_same_run(const char *folder, const json_t *was, const json_t *is)
{
    static const char *const follow[] = {"batch", "epochs", "hold_out",
                                         "fine_tune_epochs"}; /* from the number of images */
    static const char *const some[] = {"list",
                                       "store",
                                       "shard_size",
                                       "labels",
                                       "crops",
                                       "search",
                                       "near_duplicates",
                                       "lora_fingerprint",
                                       "lora_scale",
                                       "taken",
                                       "split",
                                       "classes",
                                       "without_classes",
                                       "unlabelled",
                                       "balance",
                                       "view_size",
                                       "without_duplicates",
                                       "given_features",
                                       "features_fingerprint"}; /* have it */
    char text[400];
    if (json_object_get(was, "search") && !json_object_get(is, "search"))
        return dc3_fail(
            DC3_ERR_ARGUMENT,
            "%s: holds a run whose settings %s found; use it again, %s to start over or another folder",
            folder, dc3_setting("search"), dc3_setting("fresh"));
    if (json_object_get(was, "taken"))
        return dc3_fail(
            DC3_ERR_ARGUMENT,
            "%s: holds a set that dc3 take made of another; use %s to start over or another folder", folder,
            dc3_setting("fresh"));
    json_t *both[2] = {json_deep_copy(was), json_deep_copy(is)}, *a = both[0], *b = both[1];
    int same = json_equal(json_object_get(a, "images"), json_object_get(b, "images"));
    dc3_fingerprint_over_name(a, b, "editor");
    for (int i = 0; i < 2; i++) {
        json_t *teacher = json_object_get(both[i], "own_teacher");
        json_object_del(both[i], "images"); /* compare_inputs names them */
        for (int k = 0; !same && k < 4; k++) json_object_del(teacher, follow[k]);
    }
    for (size_t i = 0; i < sizeof some / sizeof *some; i++)
        if (json_object_get(a, some[i]) && !json_object_get(b, some[i]))
            json_object_set_new(b, some[i], json_null());
    complete(a, b);
    word_sizes(a, b);
    word_teachers(a, b);
    dc3_json_differences(a, b, " and", text, sizeof text);
    json_decref(a);
    json_decref(b);
    if (!*text) return DC3_OK;
    return dc3_fail(DC3_ERR_ARGUMENT,
                    "%s: holds a run with other settings (%s); use %s to start over or another folder",
                    folder, text, dc3_setting("fresh"));
}
