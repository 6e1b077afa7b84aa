#include "io/found.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "base/file.h"

/* "version https://git-lfs.github.com/spec/v1", then "oid sha256:..." and "size N", each on a line; the spec
 * says that a pointer is below 1,024 bytes. */
static const char lfs[] = "version https://git-lfs.github.com/spec/";
enum { LFS_MOST = 1024, SHOWN = 40 };

/* What no text begins with; a kind that is a text has its own rule below. */
#define AS_IMAGES "save its images as files, in a folder for each class"
#define AS_WEIGHTS "save the weights as safetensors, with PyTorch's names"
static const struct {
    size_t at, size;
    const char *bytes, *kind;
} kinds[] = {
    {0, 4, "PK\3\4", "a zip file, which unzip unpacks"},
    {0, 2, "\x1f\x8b", "a gzip file, which gunzip unpacks"},
    {0, 3, "BZh", "a bzip2 file, which bunzip2 unpacks"},
    {0, 6,
     "\xfd"
     "7zXZ\0",
     "an xz file, which unxz unpacks"},
    {0, 4, "\x28\xb5\x2f\xfd", "a zstd file, which unzstd unpacks"},
    {0, 4, "\x04\x22\x4d\x18", "an lz4 file, which unlz4 unpacks"},
    {0, 6, "7z\xbc\xaf\x27\x1c", "a 7z archive, which 7z x unpacks"},
    {0, 4, "Rar!", "a rar archive, which unrar x unpacks"},
    {0, 4, "MSCF", "a cabinet archive, which cabextract unpacks"},
    {257, 5, "ustar", "a tar archive"},
    {32769, 5, "CD001", "a disc image (ISO 9660): unpack it and give the folder"},
    {0, 6, "\x93NUMPY", "a NumPy array (.npy)"},
    {0, 8, "\x89HDF\r\n\x1a\n", "an HDF5 file (Keras, MATLAB): convert it; " AS_WEIGHTS ", or " AS_IMAGES},
    {0, 4, "GGUF", "a GGUF file of quantised weights: convert it; " AS_WEIGHTS},
    {4, 4, "TFL3", "a TensorFlow Lite model: convert it; " AS_WEIGHTS},
    {0, 4, "PAR1", "a Parquet table: convert it; " AS_IMAGES},
    {0, 6, "ARROW1", "an Arrow table: convert it; " AS_IMAGES},
    {0, 4, "\x0a\x23\xd7\xce", "a RecordIO file (MXNet): convert it; " AS_IMAGES},
    {0, 4, "\0\0\x08\x03", "images in the IDX format (MNIST): convert it; " AS_IMAGES},
    {0, 4, "\0\0\x08\x01", "labels in the IDX format (MNIST): convert it; " AS_IMAGES},
    {16, 4, "\xde\xc0\xef\xbe", "an LMDB database: convert it; " AS_IMAGES},
    {0, 10, "MATLAB 5.0", "a MATLAB file: convert it; " AS_WEIGHTS ", or " AS_IMAGES},
    {0, 15, "SQLite format 3", "an SQLite database"},
    {0, 8, "\x89PNG\r\n\x1a\n", "a PNG image"},
    {0, 3, "\xff\xd8\xff", "a JPEG image"},
    {0, 4, "GIF8", "a GIF image"},
    {8, 4, "WEBP", "a WebP image"},
    {4, 8, "ftypavif", "an AVIF image"},
    {4, 8, "ftypheic", "a HEIC image"},
    {4, 4, "ftyp", "a video, or an image of its kind"},
    {0, 4, "%PDF", "a PDF document"},
    {0, 4,
     "\x7f"
     "ELF",
     "a program"}};
enum { KINDS = sizeof kinds / sizeof *kinds };

int dc3_is_lfs_pointer(const void *data, size_t size)
{
    return size >= sizeof lfs && size < LFS_MOST && memcmp(data, lfs, sizeof lfs - 1) == 0;
}

static const char *pointer(const char *data, size_t size, char *text)
{
    char copy[LFS_MOST];
    memcpy(copy, data, size);
    copy[size] = 0;
    const char *bytes = strstr(copy, "\nsize ");
    unsigned long long count = bytes ? strtoull(bytes + strlen("\nsize "), NULL, 10) : 0;
    snprintf(
        text, DC3_FOUND_TEXT,
        "a Git LFS pointer: the file itself, of %llu bytes, was not fetched; git lfs pull in its repository "
        "fetches it",
        count);
    return text;
}

static const char *binary(const char *data, size_t size)
{
    for (int i = 0; i < KINDS; i++)
        if (size >= kinds[i].at + kinds[i].size &&
            memcmp(data + kinds[i].at, kinds[i].bytes, kinds[i].size) == 0)
            return kinds[i].kind;
    const unsigned char *d = (const unsigned char *)data;
    /* The version, then the producer's name as a field of Protocol Buffers. */
    if (size > 8 && d[0] == 0x08 && d[1] < 32 && d[2] == 0x12 && d[3] < 64 && isalpha(d[4]) && isalpha(d[5]))
        return "an ONNX model: convert it; " AS_WEIGHTS;
    /* A map of few entries, the first named by a short text. */
    if (size > 4 && d[0] > 0x80 && d[0] < 0x90 && d[1] > 0xa0 && d[1] < 0xc0 && isalpha(d[2]))
        return "a MessagePack file (Flax): convert it; " AS_WEIGHTS;
    return size >= 2 && (unsigned char)data[0] == 0x80 && data[1] < 16 ? "a pickle of Python" : NULL;
}

/* Whether all of the first bytes are `byte`, or of a text. */
static int is_all(const char *data, size_t size, int byte)
{
    size_t n = size < 512 ? size : 512;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)data[i];
        if (byte >= 0 ? c != byte : c < ' ' && !isspace(c)) return 0;
    }
    return n > 0;
}

static int begins(const char *data, size_t size, const char *word)
{
    return size >= strlen(word) && strncasecmp(data, word, strlen(word)) == 0;
}

/* A text without the mark and the spaces that may stand before it. */
static const char *of_text(const char *data, size_t size, char *text)
{
    if (begins(data, size, "\xef\xbb\xbf")) data += 3, size -= 3;
    while (size && isspace((unsigned char)*data)) data++, size--;
    if (begins(data, size, "<!doctype html") || begins(data, size, "<html") || begins(data, size, "<head"))
        return "a web page (HTML) in place of the file: was its download refused?";
    if (begins(data, size, "<?xml") || begins(data, size, "<error"))
        return "an XML text: was its download refused?";
    if (begins(data, size, "{") || begins(data, size, "[")) return "a JSON text";
    size_t n = 0;
    while (n < size && n < SHOWN && data[n] >= ' ' && data[n] < 0x7f && data[n] != '\'') n++;
    snprintf(text, DC3_FOUND_TEXT, "a text that begins with '%.*s'", (int)n, data);
    return text;
}

static const char *kind_of(const char *data, size_t size, char *text)
{
    if (!size) return "an empty file";
    if (dc3_is_lfs_pointer(data, size)) return pointer(data, size, text);
    const char *kind = binary(data, size);
    if (kind) return kind;
    if (size > 8 && is_all(data, size, 0)) return "only zeros: was its download or copy cut short?";
    if (size > 8 && data[8] == '{' && !is_all(data, size, -1)) return "a safetensors file";
    return is_all(data, size, -1) ? of_text(data, size, text) : "another file";
}

const char *dc3_found(const void *data, size_t size, char *text)
{
    const char *kind = kind_of(data, size, text);
    if (kind != text) snprintf(text, DC3_FOUND_TEXT, "%s", kind);
    return text;
}

const char *dc3_found_in(const char *path, char *text)
{
    dc3_mapping map;
    if (dc3_map_open(path, &map) != DC3_OK) return strcpy(text, "another file");
    dc3_found(map.data, map.size, text);
    dc3_map_close(&map);
    return text;
}

const char *dc3_hub_hint(const char *path, char *text)
{
    static const char *const endings[] = {".pth", ".pt", ".bin", ".ckpt", ".safetensors"};
    const char *slash = strchr(path, '/'), *dot = strrchr(path, '.');
    char folder[DC3_FOUND_TEXT];
    *text = 0;
    if (!slash || slash == path || !slash[1] || strchr(slash + 1, '/') || *path == '.' || *path == '~')
        return text;
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcmp(dot, endings[i]) == 0) return text;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if (dc3_path_what(folder) == DC3_PATH_MISSING)
        snprintf(text, DC3_FOUND_TEXT,
                 "; is it a model of the Hugging Face Hub? dc3 pull hf:%.64s fetches it, and hf:%.64s names "
                 "it then",
                 path, path);
    return text;
}

dc3_status dc3_fail_found(const char *origin, const char *expected, const void *data, size_t size)
{
    char text[DC3_FOUND_TEXT];
    return dc3_fail(DC3_ERR_FORMAT, "%s: expected %s, found %s", origin, expected,
                    dc3_found(data, size, text));
}

dc3_status dc3_check_found(const char *origin, const char *expected, const void *data, size_t size)
{
    static const char page[] = "a web page";
    char text[DC3_FOUND_TEXT];
    int other =
        dc3_is_lfs_pointer(data, size) || strncmp(dc3_found(data, size, text), page, sizeof page - 1) == 0;
    return other ? dc3_fail_found(origin, expected, data, size) : DC3_OK;
}

dc3_status dc3_check_found_in(const char *path, const char *expected)
{
    char data[LFS_MOST];
    FILE *file = fopen(path, "rb");
    if (!file) return DC3_OK;
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    return size ? dc3_check_found(path, expected, data, size) : DC3_OK;
}
