/* How often a teacher is right, and on which images: kept in its file, in dc3.json and on the report's page.
 */
#ifndef DC3_TEACHER_ACCURACY_H
#define DC3_TEACHER_ACCURACY_H

#include "io/json.h"
#include "tensor/table.h"

typedef struct dc3_teacher_accuracy {
    double top1;    /* 0 to 1; below 0: not known */
    int64_t images; /* that it was asked about */
    char on[40];    /* which they are: "held-out images", "test images", "training images", "stored images" */
} dc3_teacher_accuracy;

/* Under which a file's texts have the names of the classes, a list in JSON, and the accuracy in its training.
 */
extern const char dc3_teacher_classes_key[], dc3_teacher_accuracy_key[];

/* {"top1": .., "images": .., "on": ..}; null where it is not known. */
json_t *dc3_teacher_accuracy_to_json(const dc3_teacher_accuracy *accuracy);
/* What such an object says, else not known. */
dc3_teacher_accuracy dc3_teacher_accuracy_of_json(const json_t *object);
/* "top-1 91.67 % on 60 held-out images", or "accuracy not known". */
enum { DC3_ACCURACY_TEXT = 120 };
const char *dc3_teacher_accuracy_text(const dc3_teacher_accuracy *accuracy, char text[DC3_ACCURACY_TEXT]);

/* What a file's texts say: the names of the classes, a list that the caller releases, or NULL; the accuracy.
 */
json_t *dc3_teacher_classes_of(const dc3_table *table);
dc3_teacher_accuracy dc3_teacher_accuracy_of(const dc3_table *table);

#endif
