"""Datasets of Hugging Face as folders or tars that the commands read."""
import io
import os
import pathlib
import shutil
import tarfile
import typing

Path = typing.Union[str, os.PathLike]

_MARKS = ((b"\xff\xd8\xff", "jpg"), (b"\x89PNG", "png"), (b"GIF8", "gif"), (b"II*\0", "tif"), (b"MM\0*", "tif"))


def _ending(data, name):
    """The ending of an encoded image's file, by its first bytes, else by its name."""
    for mark, ending in _MARKS:
        if data.startswith(mark):
            return ending
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    return pathlib.PurePath(name or "x.img").suffix.lstrip(".").lower() or "img"


def _bytes(value, column):
    """The file of an image: its bytes as they are, if it is stored so, else a PNG of its pixels; and its ending."""
    if isinstance(value, dict) and (value.get("bytes") or value.get("path")):
        data = value.get("bytes") or pathlib.Path(value["path"]).read_bytes()
        return data, _ending(data, value.get("path"))
    if hasattr(value, "save"):  # Pillow's
        file = io.BytesIO()
        value.save(file, "PNG")
        return file.getvalue(), "png"
    raise TypeError(f"column '{column}': expected images, found {type(value).__name__}")


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


def _class_name(value, names):
    name = str(value) if names is None else names[value]
    if not name or "/" in name or "\0" in name or name.startswith("."):
        raise ValueError(f"class '{name}': its name cannot be that of a folder; give others as names=")
    return name


def from_huggingface(dataset, out: Path, *, image: typing.Optional[str] = None, label: typing.Optional[str] = None,
                     names: typing.Optional[typing.Sequence[str]] = None, store: str = "files",
                     shard_size: int = 100_000_000, progress=None) -> int:
    """Writes a datasets.Dataset, or one that streams, to the new folder `out`, which the commands read.

    dataset: of one split. image, label: its columns, by default those of the features Image and ClassLabel, else
    "image" and "label". names: of the classes by number, by default the feature's. store: "files", a folder for each
    class, or "tar", WebDataset tars of at most shard_size bytes. Encoded images keep their bytes. One row after the
    other is in memory; progress(stage, done, total) hears of each. `out` is there when all of it is, or not at all. dc3
    numbers classes in the order of their names' bytes, whatever numbers they have in `dataset`. Returns how many images
    there are.
    """
    if not hasattr(dataset, "features"):
        kind = "all splits" if isinstance(dataset, dict) else type(dataset).__name__
        raise TypeError(f"dataset: expected a dataset of one split, found {kind}")
    if store not in ("files", "tar"):
        raise ValueError(f"store: expected 'files' or 'tar', found {store!r}")
    out = pathlib.Path(out)
    if out.exists():
        raise FileExistsError(f"{out}: is there already; give another folder")
    image, label = _column(dataset, image, "Image", "image"), _column(dataset, label, "ClassLabel", "label")
    part = out.with_name(out.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    sink = _Folder(part) if store == "files" else _Tars(part, shard_size)
    try:
        done = _write(_encoded(dataset, image), sink, image, label, names or _names(dataset, label), progress)
        sink.close()
        os.replace(part, out)
        return done
    except BaseException:
        sink.close()
        shutil.rmtree(part, ignore_errors=True)
        raise


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
        data, ending = _bytes(row[image], image)
        sink.add(f"{_class_name(row[label], names)}/{done:08}.{ending}", data)
        done += 1
        if progress:
            progress("images", done, total)
    if not done:
        raise ValueError("dataset: expected images, found none")
    return done
