#include "train/backbone.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/listener.h"
#include "base/text.h"
#include "io/weights.h"
#include "run_folder/document.h"
#include "teacher/imagenet.h"

/* What the options say of a teacher that is trained from nothing, which a probe is not; NULL: nothing. */
static const char *described(const dc3_condense_options *o)
{
    return o->teacher          ? NULL
           : o->teacher_epochs ? "teacher_epochs"
           : o->arch           ? "teacher_arch"
           : o->replicas > 1   ? "replicas"
                               : NULL;
}

static dc3_status check(const dc3_condense_options *o, const dc3_backbone_use *use)
{
    const char *other = described(o);
    if (!use->features && !(use->trains && !o->teacher))
        return dc3_fail_about("backbone", "%s: %s has no use for it; leave it out", dc3_setting("backbone"),
                              use->what);
    if (other)
        return dc3_fail_about(other,
                              "%s means nothing with %s, whose last layer alone is made anew; leave out "
                              "either",
                              dc3_setting(other), dc3_setting("backbone"));
    if (!o->teacher && o->teacher_size && o->feature_size && o->teacher_size != o->feature_size)
        return dc3_fail_setting("feature_size",
                                "the backbone is the teacher too, which sees images at %d px (%s); found %d",
                                o->teacher_size, dc3_setting("teacher_size"), o->feature_size);
    return DC3_OK;
}

/* 1 if there is a run or a comparison in the folder, whose settings know of no backbone. */
static int begun_without(const char *folder)
{
    char *path = NULL;
    json_t *document = folder ? dc3_document_of(folder, &path) : NULL;
    const json_t *settings = json_object_get(document, "settings"); /* of a run; a comparison's are all */
    int without = document && !json_object_get(settings ? settings : document, "backbone");
    json_decref(document);
    free(path);
    return without;
}

dc3_status dc3_backbone_choose(const dc3_condense_options *o, const dc3_backbone_use *use, const char **path)
{
    const char *given = o->backbone; /* which *path may be */
    int is_due = use->side > DC3_BACKBONE_ABOVE && !o->teacher && !described(o);
    *path = NULL;
    if (!given && is_due && use->trains)
        dc3_listener_say(&o->listener,
                         "note: no backbone is there, a classifier that has seen many photos, with which the "
                         "teacher takes seconds (%s FILE; docs/install.md says where one is fetched)",
                         dc3_setting("backbone"));
    if (!given || strcmp(given, "none") == 0) return DC3_OK;
    if (o->usual_backbone && !(is_due && (use->features || use->trains))) return DC3_OK;
    if (o->usual_backbone && !o->fresh && begun_without(use->folder)) {
        dc3_listener_say(&o->listener,
                         "note: %s: begun without a backbone, so it goes on without; in another folder %s "
                         "would be used",
                         use->folder, given);
        return DC3_OK;
    }
    DC3_TRY(check(o, use));
    *path = given;
    return DC3_OK;
}

dc3_status dc3_backbone_check_file(const char *path)
{
    dc3_path_kind kind = dc3_path_what(path);
    if (kind == DC3_PATH_FILE || (kind == DC3_PATH_FOLDER && dc3_weights_are_model(path))) return DC3_OK;
    return dc3_fail_setting("backbone", "%s: expected a classifier's file (.safetensors or .pth), found %s",
                            path, kind == DC3_PATH_MISSING ? "nothing there" : "no file");
}

dc3_status dc3_backbone_open(const char *path, int size, int side, int threads, dc3_teacher *backbone)
{
    enum { LEAST = 96, MOST = 128 };
    int usual = side < LEAST ? LEAST : side > MOST ? MOST : side / 8 * 8;
    memset(backbone, 0, sizeof *backbone);
    DC3_TRY(dc3_backbone_check_file(path));
    if (size && (size < DC3_TEACHER_LEAST_SIZE || size > DC3_TEACHER_MOST_SIZE))
        return dc3_fail_setting("feature_size", "expected %d to %d pixels with %s, found %d",
                                DC3_TEACHER_LEAST_SIZE, DC3_TEACHER_MOST_SIZE, dc3_setting("backbone"), size);
    dc3_status status = dc3_teacher_open(path, NULL, 0, usual, threads, backbone);
    if (status != DC3_OK) return dc3_fail_in(status, "%s", dc3_setting("backbone"));
    const dc3_classifier_info *info = backbone->info;
    if (size && info->size && size != info->size)
        return dc3_fail_setting("feature_size", "%s, %s %s, takes %d pixels only, found %d", path,
                                dc3_text_article(info->arch), info->arch, (int)info->size, size);
    if (size) backbone->size = size;
    return DC3_OK;
}

const char *dc3_backbone_origin(const dc3_teacher *backbone)
{
    return backbone->info->classes == DC3_IMAGENET_CLASSES && !backbone->classes ? "ImageNet-1K" : NULL;
}

/* Classes whose names are ids of ImageNet's. */
static int known_classes(const dc3_dataset *data)
{
    int known = 0;
    for (int c = 0; c < dc3_dataset_classes(data); c++)
        known += dc3_imagenet_class(dc3_dataset_class_name(data, c)) >= 0;
    return known;
}

void dc3_backbone_say(const dc3_listener *listener, const char *path, const dc3_teacher *backbone,
                      const dc3_dataset *data)
{
    const char *origin = dc3_backbone_origin(backbone);
    int known = known_classes(data);
    dc3_listener_say(listener, "backbone %s: %s of %.1f M parameters, %d px%s%s; %s none: without", path,
                     backbone->info->arch, backbone->info->parameters * 1e-6, backbone->size,
                     origin ? ", pretrained on " : "", origin ? origin : "", dc3_setting("backbone"));
    if (origin && known)
        dc3_listener_say(listener,
                         "note: %d of the %d classes are %s's, so the backbone has seen images of them, "
                         "maybe these; scores to compare with papers need a teacher trained on the dataset "
                         "alone (%s none)",
                         known, dc3_dataset_classes(data), origin, dc3_setting("backbone"));
    dc3_report_names(listener, "backbone's file", backbone->net);
}

void dc3_backbone_plan(dc3_train_options *plan, const char *path, int size, const char *cache)
{
    plan->backbone = path, plan->size = size, plan->cache = cache;
    plan->arch = NULL, plan->fast = plan->progressive = 0, plan->hold_out = 0;
}

dc3_train_options dc3_backbone_tuned(const dc3_train_options *probe, int64_t images)
{
    enum { SEEN = 30000, LEAST = 4, MOST = 10 };
    dc3_train_options plan = dc3_train_fine_tune_defaults();
    int64_t epochs = (SEEN + images - 1) / images;
    plan.data = probe->data, plan.out = probe->out, plan.backbone = probe->backbone,
    plan.cache = probe->cache;
    plan.size = probe->size, plan.dtype = probe->dtype, plan.threads = probe->threads,
    plan.seed = probe->seed;
    plan.strict = probe->strict, plan.listener = probe->listener;
    plan.epochs = (int)(epochs < LEAST ? LEAST : epochs > MOST ? MOST : epochs);
    plan.test_every = plan.epochs; /* the last test chooses */
    return plan;
}
