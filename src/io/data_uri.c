#include "io/data_uri.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

dc3_status dc3_data_uri(const dc3_image *image, char **uri)
{
    void *data;
    size_t bytes;
    int exact = image->width <= DC3_DATA_URI_EXACT && image->height <= DC3_DATA_URI_EXACT;
    DC3_TRY(dc3_image_encode(image, exact ? DC3_PNG : DC3_JPEG_SMALL, &data, &bytes));
    char *text = g_base64_encode(data, bytes);
    free(data);
    size_t size = strlen(text) + 32;
    *uri = malloc(size);
    if (*uri) snprintf(*uri, size, "data:image/%s;base64,%s", exact ? "png" : "jpeg", text);
    g_free(text);
    return *uri ? DC3_OK : dc3_fail(DC3_ERR_MEMORY, "out of memory");
}
