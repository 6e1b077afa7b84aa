/* What the build puts into the program for the page: files as bytes with a 0 behind them (tools/embed.cmake).
 */
#ifndef DC3_REPORT_ASSETS_H
#define DC3_REPORT_ASSETS_H

#include <stddef.h>

extern const unsigned char dc3_chart_js[], dc3_chart_licence[], dc3_page_css[], dc3_chart_css[],
    dc3_page_js[];
extern const size_t dc3_chart_js_size, dc3_chart_licence_size, dc3_page_css_size, dc3_chart_css_size,
    dc3_page_js_size;

#endif
