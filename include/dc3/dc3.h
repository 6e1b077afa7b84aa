/* The whole library: condensation of datasets with colour compensation, and what belongs to it. A program
 * needs this header and `pkg-config --cflags --libs dc3`. */
#ifndef DC3_DC3_H
#define DC3_DC3_H

#include "dc3/cancel.h"
#include "dc3/choices.h"
#include "dc3/classifier.h"
#include "dc3/compare.h"
#include "dc3/condense.h"
#include "dc3/editor.h"
#include "dc3/evaluate.h"
#include "dc3/export.h"
#include "dc3/info.h"
#include "dc3/label.h"
#include "dc3/listener.h"
#include "dc3/measure.h"
#include "dc3/progress.h"
#include "dc3/report.h"
#include "dc3/select.h"
#include "dc3/status.h"
#include "dc3/text.h"
#include "dc3/train.h"

#endif
