#include "io/datasets/leftovers.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "io/datasets/image_names.h"

/* Tables of names, letters in either case. No word that a class may well be called: not "thumbnails",
 * "recycled", "rubbish" or "annotations", which are left out where they hold no images. Hidden names
 * (.DS_Store, .@__thumb, .Trash-1000, .stfolder, .ipynb_checkpoints, .git, ...) need no line here.
 * tests/cli/test_leftovers.sh reads the tables and compares docs/formats.md. */
static const char *const names[] = {
    /* Linux, Windows, macOS */
    "lost+found",
    "$RECYCLE.BIN",
    "RECYCLER",
    "System Volume Information",
    "Thumbs.db",
    "ehthumbs.db",
    "ehthumbs_vista.db",
    "desktop.ini",
    "AlbumArtSmall.jpg",
    "Icon\r",
    "Desktop DB",
    "Desktop DF",
    "Network Trash Folder",
    "Temporary Items",
    "TheVolumeSettingsFolder",
    "TheFindByContentFolder",
    "LOST.DIR",
    "DfsrPrivate",
    "WindowsImageBackup",
    "AlbumArt.jpg",
    /* network storage: Synology, QNAP, NetApp, Asustor; clouds */
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
    "@sharesnap",
    "@cloudsync",
    "@database",
    "@img_bkp_cache",
    "@__thumb",
    "@Transcode",
    "#SynoRecycle",
    "@appstore",
    "@apphome",
    "@appconf",
    "@appshare",
    "@apptemp",
    "@docker",
    "@Snapshots",
    "@Trash",
    "@S2S",
    "@iSCSI",
    "@SnapshotData",
    "@ActiveBackup",
    "Nas_Prog",
    "TempRec",
    "SyncDebris",
    "files_trashbin",
    "files_versions",
    "_SUCCESS",
    "_$folder$",
    /* programs that show, label or process images */
    "Picasa.ini",
    "[Originals]",
    "ZbThumbnail.info",
    "XnView.db",
    "thumbnails-digikam.db",
    "digikam4.db",
    "pwg_representative",
    "_thumbs",
    "Web Thumbnails",
    "NKSC_PARAM",
    "CaptureOne",
    "ImageSets",
    "__pycache__",
    "labels.cache",
    /* archivers */
    "__MACOSX",
    "PaxHeaders",
    "@LongLink",
};

/* How names begin that go on with anything. */
static const char *const beginnings[] = {"SYNOPHOTO_THUMB",
                                         "SYNOFILE_THUMB",
                                         "SYNOINDEX_MEDIA_INFO",
                                         "@Syno",
                                         "PaxHeaders.",
                                         "GNUSparseFile.",
                                         "~syncthing~",
                                         "FOUND.0",
                                         "AlbumArt_{",
                                         "_vti_",
                                         ":2e",
                                         "Network Recycle Bin",
                                         "SegmentationClass",
                                         "SegmentationObject",
                                         "~$"};

/* How names end: streams of files that a copy made files of, libraries of photo programs, which hold
 * previews, and the folders of labelme, with a copy of the image and maps of its labels. */
static const char *const endings[] = {
    "Zone.Identifier", "@SynoEAStream", "@SynoResource", ":com.dropbox.attributes", ":com.dropbox.attrs",
    "_$folder$",       ".lrdata",       ".lrlibrary",    ".photoslibrary",          ".photolibrary",
    ".aplibrary",      ".cocatalog",    "_json"};

/* What programs that keep folders the same put into the name of a second version of a file, before a digit or
 * a bracket: Syncthing, Dropbox and Nextcloud, ownCloud, Synology Drive. */
static const char *const conflicts[] = {".sync-conflict-", "conflicted copy ", "conflicted copy",
                                        "_conflict-", " conflict"};

/* How files end that stand beside images: annotations, metadata, lists, settings, shortcuts, copies. */
static const char *const companions[] = {
    ".json", ".jsonl", ".xml",  ".txt", ".csv",    ".tsv",    ".yaml",     ".yml", ".names",
    ".pts",  ".xmp",   ".aae",  ".thm", ".pp3",    ".dop",    ".cos",      ".nfo", ".md",
    ".pdf",  ".htm",   ".html", ".log", ".ini",    ".db",     ".jbf",      ".dat", ".lock",
    ".bak",  ".cache", ".lnk",  ".url", ".webloc", ".ffs_db", ".ffs_lock", ".dvc"};

/* What a download adds to the name of a file that is not complete. */
static const char *const unfinished[] = {".part",     ".partial", ".crdownload", ".download",
                                         ".filepart", ".tmp",     ".ffs_tmp",    ".!sync",
                                         ".!ut",      ".aria2",   ".opdownload"};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static int ends_with_one(const char *name, const char *const *table, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (dc3_ends_with(name, table[i])) return 1;
    return 0;
}

static int is_second_version(const char *name)
{
    if (!strcasestr(name, "conflict")) return 0;
    for (size_t i = 0; i < COUNT(conflicts); i++) {
        const char *at = strcasestr(name, conflicts[i]);
        if (!at) continue;
        at += strlen(conflicts[i]);
        int last = conflicts[i][strlen(conflicts[i]) - 1], goes_on = last == '-' || last == ' ';
        if (goes_on ? isdigit((unsigned char)*at) : *at == ')') return 1;
    }
    return 0;
}

/* A name is looked for in the tables; what media players of Windows write, "Folder.jpg", is one in this
 * spelling alone. */
int dc3_is_leftover(const char *name)
{
    int first = tolower((unsigned char)name[0]);
    if (first == '.') return 1;
    for (size_t i = 0; i < COUNT(names); i++)
        if (tolower((unsigned char)names[i][0]) == first && strcasecmp(name, names[i]) == 0) return 1;
    for (size_t i = 0; i < COUNT(beginnings); i++)
        if (strncasecmp(name, beginnings[i], strlen(beginnings[i])) == 0) return 1;
    return ends_with_one(name, endings, COUNT(endings)) || is_second_version(name) ||
           strcmp(name, "Folder.jpg") == 0;
}

int dc3_is_companion(const char *name)
{
    size_t length = strlen(name);
    return ends_with_one(name, companions, COUNT(companions)) || (length && name[length - 1] == '~');
}

const char *dc3_placeholder(const char *name)
{
    char image[256];
    const char *dot = strrchr(name, '.');
    int is_cloud = *name == '.' && dot && strcasecmp(dot, ".icloud") == 0;
    if (!dot || (!is_cloud && !ends_with_one(name, unfinished, COUNT(unfinished)))) return NULL;
    snprintf(image, sizeof image, "%.*s", (int)(dot - name - is_cloud), name + is_cloud);
    return dc3_is_image_name(image) ? dot : NULL;
}
