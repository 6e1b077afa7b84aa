"""Datasets of Hugging Face as folders or tars that the commands read."""
import io
import numbers
import os
import pathlib
import re
import tarfile
import tempfile
import typing

from ._types import Path, Progress

_MARKS = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"II*\0", "tif"), (b"II+\0", "tif"),
          (b"MM\0*", "tif"), (b"MM\0+", "tif"))
_BRANDS = {b"avif": "avif", b"avis": "avif", b"heic": "heic", b"heix": "heic", b"hevc": "heic", b"hevx": "heic",
           b"heim": "heic", b"heis": "heic", b"mif1": "heic", b"msf1": "heic"}


def _ending(data):
    """The ending of an encoded image's file, by its first bytes; None of a format that the commands do not read."""
    for mark, ending in _MARKS:
        if data.startswith(mark):
            return ending
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12])
    return "ppm" if re.match(rb"P[1-6][\s#]", data) else None


def _png(image, where):
    """The PNG of an image of Pillow's, or of the bytes of one in a format that Pillow reads."""
    file = io.BytesIO()
    try:
        if isinstance(image, bytes):
            import PIL.Image

            image = PIL.Image.open(io.BytesIO(image))
        image.save(file, "PNG")
    except Exception as error:
        raise TypeError(f"{where}: expected an image in a format that dc3 reads, or that Pillow can make a PNG of: "
                        f"{error}") from error
    return file.getvalue()


def _stored(path):
    """The bytes of a file, or of what fsspec opens: https://.., zip://a.png::b.zip."""
    if "://" not in str(path):
        return pathlib.Path(path).read_bytes()
    import fsspec

    with fsspec.open(str(path), "rb") as file:
        return file.read()


def _bytes(value, where):
    """The file of an image: its bytes as they are, if it is stored so and dc3 reads it, else a PNG; and its ending."""
    if isinstance(value, dict) and (value.get("bytes") or value.get("path")):
        data = value.get("bytes") or _stored(value["path"])
        ending = _ending(data)
        return (data, ending) if ending else (_png(data, where), "png")
    if hasattr(value, "save"):  # Pillow's
        return _png(value, where), "png"
    raise TypeError(f"{where}: expected an image, found {type(value).__name__}")


class _Folder:
    def __init__(self, place):
        self.place = place
        place.mkdir(parents=True)

    def add(self, name, data):
        """A file of the dataset."""
        path = self.place / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)

    def close(self):
        """Nothing is open."""


class _Tars:
    """Tars of at most `size` bytes, in which folders are the classes."""

    def __init__(self, place, size):
        self.place, self.size, self.count, self.tar, self.used = place, size, 0, None, 0
        place.mkdir(parents=True)

    def add(self, name, data):
        """A member of the tar at hand, or of a new one where that would grow too long."""
        takes = 1024 + len(data)
        if self.tar is None or self.used + takes > self.size:
            self.close()
            self.tar = tarfile.open(self.place / f"train-{self.count:06}.tar", "w", format=tarfile.PAX_FORMAT)
            self.count, self.used = self.count + 1, 0
        member = tarfile.TarInfo(name)
        member.size = len(data)
        self.tar.addfile(member, io.BytesIO(data))
        self.used += takes

    def close(self):
        """Ends the tar at hand."""
        if self.tar is not None:
            self.tar.close()


def _column(dataset, wanted, kind, what):
    """The column that is asked for, else the only one of a kind of feature."""
    features = dataset.features
    if features is None:
        return wanted or what
    if wanted is not None:
        if wanted not in features:
            raise ValueError(f"{what}: there is no column '{wanted}'; expected one of {', '.join(features)}")
        return wanted
    found = [name for name, feature in features.items() if type(feature).__name__ == kind]
    if len(found) == 1:
        return found[0]
    if what in features:
        return what
    raise ValueError(f"{what}: say which column it is: {', '.join(features)}")


def _class_name(value, names, where):
    if names is not None and not (isinstance(value, numbers.Integral) and 0 <= value < len(names)):
        raise ValueError(f"{where}: expected a class, 0 to {len(names) - 1}, found {value!r}; leave rows without one "
                         "out (filter)")
    name = str(value) if names is None else names[value]
    if not name or "/" in name or "\0" in name or name.startswith("."):
        raise ValueError(f"class '{name}': its name cannot be that of a folder; give others as names=")
    return name


def from_huggingface(dataset: typing.Any, out: Path, *, image: typing.Optional[str] = None,
                     label: typing.Optional[str] = None, names: typing.Optional[typing.Sequence[str]] = None,
                     store: str = "files", shard_size: int = 100_000_000, progress: Progress = None) -> int:
    """Writes a datasets.Dataset, or one that streams, to the new folder `out`, which the commands read.

    dataset: of one split. image, label: its columns, by default those of the features Image and ClassLabel, else
    "image" and "label". names: of the classes by number, by default the feature's. store: "files", a folder for each
    class, or "tar", WebDataset tars of at most shard_size bytes. Encoded images keep their bytes; those in a format
    that dc3 does not read become PNG by Pillow. A row without an image or a class is refused. One row after the other
    is in memory; progress(stage, done, total) hears of each. `out` is there when all of it is, or not at all. dc3
    numbers classes in the order of their names' bytes, whatever numbers they have in `dataset`. Returns how many images
    there are.
    """
    if not hasattr(dataset, "features"):
        kind = "all splits" if isinstance(dataset, dict) else type(dataset).__name__
        raise TypeError(f"dataset: expected a dataset of one split, found {kind}")
    if store not in ("files", "tar"):
        raise ValueError(f"store: expected 'files' or 'tar', found {store!r}")
    out = pathlib.Path(os.fsdecode(out))
    if out.exists():
        raise FileExistsError(f"{out}: is there already; give another folder")
    image, label = _column(dataset, image, "Image", "image"), _column(dataset, label, "ClassLabel", "label")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=out.name + ".", suffix=".part", dir=out.parent) as folder:
        part = pathlib.Path(folder) / "out"  # made in it, it has the usual permissions
        sink = _Folder(part) if store == "files" else _Tars(part, shard_size)
        try:
            done = _write(_encoded(dataset, image), sink, image, label, names or _names(dataset, label), progress)
        finally:
            sink.close()
        os.replace(part, out)
    return done


def _names(dataset, label):
    feature = (dataset.features or {}).get(label)
    return getattr(feature, "names", None)


def _encoded(dataset, image):
    """The dataset with images as the bytes that they are stored in."""
    feature = (dataset.features or {}).get(image)
    if type(feature).__name__ != "Image":
        return dataset
    return dataset.cast_column(image, type(feature)(decode=False))


def _write(rows, sink, image, label, names, progress):
    total = len(rows) if hasattr(rows, "__len__") else None
    done = 0
    for row in rows:
        data, ending = _bytes(row[image], f"row {done}, column '{image}'")
        name = _class_name(row[label], names, f"row {done}, column '{label}'")
        sink.add(f"{name}/{done:08}.{ending}", data)
        done += 1
        if progress:
            progress("images", done, total)
    if not done:
        raise ValueError("dataset: expected images, found none")
    return done
