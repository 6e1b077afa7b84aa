/* A selection in place of the paper's bins and submodular maximisation. */
#ifndef DC3_METHODS_SELECTION_H
#define DC3_METHODS_SELECTION_H

#include "methods/method.h"
#include "select/selections.h"

/* 1: the method chooses as dc3 does, and so has the other selections. */
int dc3_method_takes_selection(const dc3_method *method);

/* What run->method needs with the selection of the options into run->needs, and that selection, unless it is
 * the method's own, into run->selection. DC3_ERR_OPTION where the method has no other one, or for another
 * setting that says nothing about it. */
dc3_status dc3_run_choose_selection(dc3_run *run);
/* The selection that the options name, by selection or by select.nested; DC3_SELECTION_DEFAULT where neither
 * says anything. */
dc3_selection_kind dc3_selection_named(const dc3_condense_options *options);
/* The same, where neither says anything what dc3 chooses by then. */
dc3_selection_kind dc3_selection_of(const dc3_condense_options *options);
/* DC3_ERR_OPTION where the selection and the options for choosing rows do not agree whether it is nested, or
 * it cannot be. */
dc3_status dc3_selection_check_nested(const dc3_condense_options *options);
/* DC3_ERR_OPTION where the selection needs a teacher and the run has none. */
dc3_status dc3_run_check_selection(const dc3_run *run);
/* 1: it chooses by the paper's bins and objective, so that its first images are those of a smaller number
 * (select.nested). */
int dc3_run_nests(const dc3_run *run);
/* 1 if a method with such a selection compares images by features that a backbone can give. given: there is a
 * teacher's file, which answers for gradients and for what is not the paper's selection. */
int dc3_selection_compares(const dc3_method *method, dc3_selection_kind kind, int given);
/* What features of a file are to a method: of use, or why not. crops: it chooses parts of images; taught:
 * there is a teacher, by whose gradients some choose alone; beside: near-duplicates count, which features
 * tell too. */
typedef enum dc3_features_use {
    DC3_FEATURES_CHOOSE,
    DC3_FEATURES_UNUSED,
    DC3_FEATURES_OF_WHOLE_IMAGES,
    DC3_FEATURES_BESIDE_GRADIENTS
} dc3_features_use;
dc3_features_use dc3_method_features(const dc3_method *method, int crops, int taught, int beside);
/* Which of the settings count (method.h). */
int dc3_run_uses(const dc3_run *run);

#endif
