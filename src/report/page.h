/* The page of a run: one file of HTML that loads nothing, from results that others have computed.
 *
 * Texts may hold anything; lists may be empty and members absent unless "always" is said.
 *
 *   title, subtitle    texts, always
 *   facts              [[number or word, what it is], ..]: the line of large figures
 *   settings           [[name, value], ..], texts
 *   notes              [text, ..]: what was skipped or is not there
 *   answers            {"title", "text": the verdict, "head", "rows", "next": [text, ..]}: the first box
 *   class_table        {"head", "rows"}: all classes
 *   classes            [{"name", "why": it is among those that are shown, or absent, "stored": count,
 * "pictures": [image, ..], "map"}, ..] image          {"name", "stored": data URI or null, "original": data
 * URI or null, "missing": why there is no original, "width", "height": pixels of what is shown, "aligned":
 * the two can lie on each other, "edits": [[caption, data URI], ..], "facts": [[name, value], ..]} map
 * {"points": [[x, y, bin], ..], "chosen": [[x, y, bin], ..], "of": images} curves             [{"id",
 * "title", "x": [from, to], "x_title", "y_title", "original": [values], "stored": [values], "others": [[name,
 * [values]], ..]}, ..] curves_text        what the curves are made of measures           {"head": [text, ..],
 * "rows": [[text, ..], ..]} scores             {"head", "rows", "text"} times              {"rows": [[stage,
 * text, part of the longest, 0 to 1], ..], "text"} skipped            [text, ..] skipped_more       how many
 * there are besides
 *
 *   bytes              of a comparison of budgets: [{"title", "ticks": [bytes, ..], "full": accuracy of all
 * data or null, "lines": [{"name", "points": [[bytes, accuracy, deviation or 0], ..]}, ..]}, ..]
 *   groups             of images that are alike: [{"title", "conflict": their labels differ, "pictures":
 * [{"name", "image": data URI or null, "width", "height", "stays", "lines": [text, ..]}, ..], "more": images
 * that are not shown}, ..]; groups_more: how many there are besides samples            of a training:
 * [{"title", "image": data URI, "width", "height"}, ..] plots              [{"title", "lines": [{"name",
 * "points": [[step, value], ..]}, ..]}, ..] measured           [{"title", "head", "rows", "text"}, ..]
 */
#ifndef DC3_REPORT_PAGE_H
#define DC3_REPORT_PAGE_H

#include "base/output_kind.h"
#include "io/json.h"

extern const dc3_output_kind dc3_page_output;
/* Writes the page to the file `path`, whole or not at all. */
dc3_status dc3_page_write(const char *path, const json_t *document);

#endif
