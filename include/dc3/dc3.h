/* The whole library: condensation of datasets with colour compensation, and what belongs to it. A program
 * needs this header and `pkg-config --cflags --libs dc3`. docs/library.md says the following at more length.
 *
 * Threads. Any functions may run on several threads at once, with these exceptions: a handle
 * (dc3_image_editor, dc3_image_classifier, dc3_label_set, dc3_tests) and what a call writes into (its report,
 * its memory) belong to one call at a time. Two calls that write into one folder are kept apart by the
 * folder's lock: the second returns DC3_ERR_BUSY. Callbacks come from the thread that made the call.
 * dc3_error_text is that thread's.
 *
 * What is global, and changed for the whole process:
 * - OpenBLAS runs on one thread while a selection is running (openblas_set_num_threads), and then on as many
 * as before.
 * - libvips is started by the first call that reads or writes an image, with one thread a pipeline, without
 * its cache and its vector code, and without loaders that it does not trust; its warnings are not printed.
 * - The environment's DC3_KERNELS and DC3_DEVICE (which kernels run) are read when networks are opened.
 * The threads that a call uses are OpenMP's: each calling thread has its own team of them, and its number of
 * threads (omp_set_num_threads) is after a call what it was before; during a callback it may be the call's.
 * Numbers in texts and reports follow the process's LC_NUMERIC, which is "C" unless the program sets it.
 *
 * After a fork only children that were made before the first call may call the library. Callbacks return: no
 * longjmp and no C++ exception leaves them. */
#ifndef DC3_DC3_H
#define DC3_DC3_H

#include "dc3/cancel.h"
#include "dc3/choices.h"
#include "dc3/classifier.h"
#include "dc3/compare.h"
#include "dc3/condense.h"
#include "dc3/data.h"
#include "dc3/duplicates.h"
#include "dc3/edit_options.h"
#include "dc3/editor.h"
#include "dc3/evaluate.h"
#include "dc3/export.h"
#include "dc3/finetune.h"
#include "dc3/generate.h"
#include "dc3/hub.h"
#include "dc3/image_set.h"
#include "dc3/info.h"
#include "dc3/label.h"
#include "dc3/listener.h"
#include "dc3/measure.h"
#include "dc3/progress.h"
#include "dc3/ranks.h"
#include "dc3/report.h"
#include "dc3/search.h"
#include "dc3/select.h"
#include "dc3/status.h"
#include "dc3/take.h"
#include "dc3/text.h"
#include "dc3/train.h"

#endif
