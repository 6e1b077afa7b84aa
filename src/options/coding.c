#include "options/coding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/options.h"
#include "options/option_names.h"

enum { BEST = 100 };
static const char expected[] =
    "expected png, webp, jpeg, webp:30, jpeg:80, jpeg:80:420 or avif:50, with a quality "
    "from 1 to 100";

dc3_status dc3_coding_of(dc3_image_format format, int quality, dc3_chroma chroma, dc3_coding *coding)
{
    dc3_image_format used = format == DC3_FORMAT_DEFAULT ? DC3_PNG : format;
    DC3_TRY(dc3_option_check("format", (int)format, 1));
    if (quality < 0 || quality > BEST)
        return dc3_fail_setting("quality", "expected 1 to %d, or 0 for none, found %d", BEST, quality);
    if (chroma != DC3_CHROMA_444 && chroma != DC3_CHROMA_420)
        return dc3_fail_setting("chroma", "expected a constant from 0 to 1, found %d", (int)chroma);
    if (quality && used == DC3_PNG)
        return dc3_fail_setting("format", "png has no quality; expected webp:%d or jpeg:%d", quality,
                                quality);
    if (!quality && used == DC3_AVIF)
        return dc3_fail_setting("format", "avif needs a quality; expected avif:50, say");
    if (chroma == DC3_CHROMA_420 && used == DC3_WEBP)
        return dc3_fail_setting("format", "webp with a quality always has 420; expected webp:30, say");
    if (chroma == DC3_CHROMA_420 && !quality)
        return dc3_fail_setting("format", "420 needs a quality; expected jpeg:80:420, say");
    if (!dc3_image_writes(used))
        return dc3_fail_setting("format",
                                "this installation of libvips and libheif writes no AVIF that it can read; "
                                "expected webp:30, say");
    *coding = (dc3_coding){used, quality, chroma};
    return DC3_OK;
}

/* 1 for ":N" of at most three digits, which `*at` is moved behind. */
static int read_number(const char **at, int *number)
{
    size_t digits = **at == ':' ? strspn(*at + 1, "0123456789") : 0;
    if (!digits || digits > 3) return 0;
    *number = atoi(*at + 1);
    *at += digits + 1;
    return 1;
}

dc3_status dc3_image_coding_parse(const char *text, dc3_image_format *format, int *quality,
                                  dc3_chroma *chroma)
{
    char word[16];
    dc3_coding coding;
    DC3_TRY(dc3_place_need("format", format));
    DC3_TRY(dc3_place_need("quality", quality));
    DC3_TRY(dc3_place_need("chroma", chroma));
    const char *at = text ? strchr(text, ':') : NULL;
    int of = 0, samples = 444;
    dc3_image_format named;
    snprintf(word, sizeof word, "%.*s", at && at - text < 15 ? (int)(at - text) : 15, text ? text : "");
    DC3_TRY(dc3_image_format_parse(at ? word : text, &named));
    int understood = !at || (read_number(&at, &of) && of);
    if (understood && at && *at) understood = read_number(&at, &samples) && !*at && named != DC3_WEBP;
    if (!understood || of > BEST || (samples != 444 && samples != 420))
        return dc3_fail_setting("format", "%s; found '%.40s'", expected, text);
    DC3_TRY(dc3_coding_of(named, of, samples == 420 ? DC3_CHROMA_420 : DC3_CHROMA_444, &coding));
    *format = coding.format, *quality = coding.quality, *chroma = coding.chroma;
    return DC3_OK;
}

const char *dc3_coding_text(dc3_coding coding, char text[DC3_CODING_TEXT])
{
    int n = snprintf(text, DC3_CODING_TEXT, "%s", dc3_image_format_name(coding.format));
    if (coding.quality) n += snprintf(text + n, (size_t)(DC3_CODING_TEXT - n), ":%d", coding.quality);
    if (coding.chroma == DC3_CHROMA_420) snprintf(text + n, (size_t)(DC3_CODING_TEXT - n), ":420");
    return text;
}
