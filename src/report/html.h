/* Text of unknown origin in HTML. */
#ifndef DC3_REPORT_HTML_H
#define DC3_REPORT_HTML_H

#include <stdio.h>
#include "io/json.h"

/* Text for between tags or in a quoted attribute: & < > " ' become entities; bytes that are no UTF-8 and
 * what dc3_code_hides names are shown as \xNN or \uNNNN. Line feeds and tabs stay. NULL prints nothing. */
void dc3_html_text(FILE *to, const char *text);

/* A <script type="application/json" id="ID"> that no value can end: plain ASCII without <, > and &. `id` is
 * the program's own word. */
dc3_status dc3_html_data(FILE *to, const char *id, const json_t *value);

/* "'sha256-...'", as a Content-Security-Policy names a script or a style; caller frees, NULL without memory.
 */
char *dc3_html_hash(const void *bytes, size_t size);

#endif
