#include "io/datasets/leftovers.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Names as a whole, letters in either case. No word that a class may well be called: not "thumbnails" or
 * "recycled". Hidden names (.DS_Store, .@__thumb, .Trash-1000, .stfolder, .ipynb_checkpoints, .git, ...) need
 * no line here. tests/cli/test_leftovers.sh reads the names from the next lines and compares docs/formats.md.
 */
static const char *const names[] = {
    /* Linux, Windows, macOS */
    "lost+found",
    "$RECYCLE.BIN",
    "RECYCLER",
    "System Volume Information",
    "FOUND.000",
    "Thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "Icon\r",
    "Desktop DB",
    "Desktop DF",
    "Network Trash Folder",
    "Temporary Items",
    "TheVolumeSettingsFolder",
    "TheFindByContentFolder",
    /* network storage: Synology, QNAP, NetApp, Asustor */
    "@eaDir",
    "#recycle",
    "#snapshot",
    "@tmp",
    "@sharebin",
    "@SynoResource",
    "@Recycle",
    "@Recently-Snapshot",
    "~snapshot",
    "@appdata",
    /* programs that show, label or process images */
    "Picasa.ini",
    "[Originals]",
    "ZbThumbnail.info",
    "XnView.db",
    "thumbnails-digikam.db",
    "digikam4.db",
    "pwg_representative",
    "__pycache__",
    "labels.cache",
    /* archivers */
    "__MACOSX",
    "PaxHeaders",
    "@LongLink",
};

/* How names begin that go on with anything. */
static const char *const beginnings[] = {
    "SYNOPHOTO_THUMB", "SYNOFILE_THUMB", "SYNOINDEX_MEDIA_INFO",
    "PaxHeaders.",     "GNUSparseFile.", "~syncthing~",
};

int dc3_is_leftover(const char *name)
{
    int first = tolower((unsigned char)name[0]);
    if (first == '.') return 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (tolower((unsigned char)names[i][0]) == first && strcasecmp(name, names[i]) == 0) return 1;
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp(name, beginnings[i], strlen(beginnings[i])) == 0) return 1;
    return 0;
}
