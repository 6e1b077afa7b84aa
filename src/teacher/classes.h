/* Whether two datasets have the same classes, and sizes that suit images. */
#ifndef DC3_TEACHER_CLASSES_H
#define DC3_TEACHER_CLASSES_H

#include "dc3/condense.h"
#include "io/dataset.h"
#include "io/json.h"
#include "tensor/tensor.h"

/* DC3_ERR_ARGUMENT with the first class that only one of them has, and the nearest name in the other. names:
 * of the classes of `data` (dc3_run_class_names); NULL: as `data` has them. */
dc3_status dc3_same_classes(const dc3_dataset *data, const json_t *names, const dc3_dataset *val);
/* The names of the classes, as texts of JSON, for the caller to release. */
json_t *dc3_class_names(const dc3_dataset *data);
/* Those that dc3.json of the folder `run` has, if it is a run of dc3 with as many classes as `data`, else
 * those of `data`: a run's folders may be called otherwise. */
json_t *dc3_run_class_names(const char *run, const dc3_dataset *data);
/* The share of the images, 0 to 1, that the class with the most has. */
double dc3_largest_share(const dc3_dataset *data);
/* The dataset to test on, of the same classes as `data` (names as above), or with more of which only those
 * are taken (filtered 1); says what was noted about it, and warns where it is what is trained on
 * (seen_images.h). */
typedef struct dc3_test_place {
    const char *path, *split; /* split: of a manifest, or NULL */
} dc3_test_place;
dc3_status dc3_open_val(const dc3_test_place *place, const dc3_dataset *data, const json_t *names,
                        int filtered, const dc3_listener *listener, dc3_dataset **val);
/* Warns where there is more to test on than there is of a whole dataset to train on. */
void dc3_warn_swapped(const dc3_listener *listener, const dc3_dataset *data, const dc3_dataset *val);
/* Of each class that has fewer images than `wanted`: warns that some are used again, `again` says how, or
 * fails with strict. DC3_NOTE_LIMIT are named, the others counted. */
dc3_status dc3_check_enough(const dc3_listener *listener, const dc3_dataset *data, int64_t wanted, int strict,
                            const char *again);
/* The median shorter side of some images, at least 8, at most `most`; 64 where none can be read. */
int dc3_usual_size(const dc3_dataset *dataset, int most);
/* The side of a network's views of it: `requested`, or what suits its images, at most 224. */
dc3_status dc3_view_size(const dc3_dataset *dataset, int requested, int *size);
/* bf16 where that is asked for, or the choice is left and the processor has it; DC3_ERR_ARGUMENT for no
 * dc3_compute. */
dc3_status dc3_compute_type(dc3_compute compute, dc3_dtype *dtype);

/* Tells the listener what dc3_dataset_open skipped in it. */
void dc3_report_notes(const dc3_listener *listener, const dc3_dataset *dataset);

#endif
