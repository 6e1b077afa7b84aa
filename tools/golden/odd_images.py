"""Makes tests/golden/odd_images: small files as cameras, scanners and array libraries write them.

    python tools/golden/odd_images.py tests/golden/odd_images

Each is a row of squares of 8 pixels. tests/golden/test_odd_images.c says which colours they have: the values below are
chosen such that these follow from the formats' rules.
"""
import os, struct, sys, zlib
import numpy as np
from PIL import Image, ImageCms

OUT = sys.argv[1]
KINDS = {1: "B", 3: "H", 4: "I", 11: "f", 12: "d"}
MINISWHITE, MINISBLACK, RGB, PALETTE, SEPARATED, YCBCR, CIELAB, ICCLAB = 0, 1, 2, 3, 5, 6, 8, 9
UNSPECIFIED, ASSOCIATED, UNASSOCIATED = 0, 1, 2


def cells(values, dtype):
    """[8, 8 n, channels]: a square for each of n values."""
    a = np.array(values, dtype)
    return np.repeat(np.repeat(a.reshape(1, len(values), -1), 8, 0), 8, 1)


def blocks_of(a, planar, tile):
    planes = [a[:, :, i:i + 1] for i in range(a.shape[2])] if planar == 2 else [a]
    for p in planes:
        if not tile:
            yield p.tobytes()
            continue
        p = np.pad(p, ((0, -p.shape[0] % tile), (0, -p.shape[1] % tile), (0, 0)))
        for y in range(0, p.shape[0], tile):
            for x in range(0, p.shape[1], tile):
                yield np.ascontiguousarray(p[y:y + tile, x:x + tile]).tobytes()


def packed(values, bits):
    row = "".join(format(v, f"0{bits}b") for v in np.repeat(values, 8))
    row += "0" * (-len(row) % 8)
    return bytes(int(row[i:i + 8], 2) for i in range(0, len(row), 8)) * 8


def tiff(name, a, photometric=None, extra=None, bits=None, planar=1, tile=0, deflate=False, big=False, end="<", tags=(),
         raw=None):
    """A TIFF of one page, by hand: Pillow writes few of these."""
    height, width, channels = a.shape
    photometric = photometric if photometric is not None else RGB if channels >= 3 else MINISBLACK
    blocks = [raw] if raw else list(blocks_of(a.astype(a.dtype.newbyteorder(end)), planar, tile))
    blocks = [zlib.compress(b) if deflate else b for b in blocks]
    start = 16 if big else 8
    places = [start + sum(len(b) for b in blocks[:i]) for i in range(len(blocks))]
    entries = [(256, 4, [width]), (257, 4, [height]), (258, 3, [bits or a.dtype.itemsize * 8] * channels),
               (259, 3, [8 if deflate else 1]), (262, 3, [photometric]), (277, 3, [channels]), (284, 3, [planar]),
               (339, 3, [{"u": 1, "i": 2, "f": 3}[a.dtype.kind]] * channels), *tags]
    entries += [(322, 4, [tile]), (323, 4, [tile])] if tile else [(278, 4, [height])]
    entries += [(324 if tile else 273, 4, places), (325 if tile else 279, 4, [len(b) for b in blocks])]
    if extra is not None:
        entries += [(338, 3, extra)]
    data = b"".join(blocks)
    data += b"\0" * (len(data) % 2)
    count, room, word = ("Q", 8, "Q") if big else ("H", 4, "I")
    directory = start + len(data)
    behind = directory + struct.calcsize("=" + count) + len(entries) * (12 + room - 4 + (4 if big else 0)) + room
    listed = later = b""
    for tag, kind, values in sorted(entries):
        value = b"".join(struct.pack(end + KINDS[kind], v) for v in values)
        if len(value) > room:
            value, later = struct.pack(end + word, behind + len(later)), later + value + b"\0" * (len(value) % 2)
        listed += struct.pack(end + "HH" + word, tag, kind, len(values)) + value.ljust(room, b"\0")
    order = b"II" if end == "<" else b"MM"
    head = order + (struct.pack(end + "HHHQ", 43, 8, 0, directory) if big else struct.pack(end + "HI", 42, directory))
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(head + data + struct.pack(end + count, len(entries)) + listed + struct.pack(end + word, 0) + later)


def repeat_page(name):
    """Names the page of a little-endian file once more."""
    data = bytearray(open(os.path.join(OUT, name), "rb").read())
    directory = struct.unpack_from("<I", data, 4)[0]
    end = directory + 2 + 12 * struct.unpack_from("<H", data, directory)[0]
    page = data[directory:end + 4]
    struct.pack_into("<I", data, end, len(data))
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data + page)


def png16(name, a):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in a)
    header = struct.pack(">IIBBBBB", a.shape[1], a.shape[0], 16, {1: 0, 2: 4, 3: 2, 4: 6}[a.shape[2]], 0, 0, 0)
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header))
        f.write(chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def png(name, a, bits=8, before=(), behind=()):
    """One channel of 1 to 8 bits, or three of 8, with further chunks before and behind the pixels."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b""
    for row in a:
        text = "".join(format(v, f"0{bits}b") for v in row.reshape(-1))
        rows += b"\0" + bytes(int(text[i:i + 8], 2) for i in range(0, len(text), 8))
    colour = 3 if any(kind == b"PLTE" for kind, _ in before) else {1: 0, 3: 2}[a.shape[2]]
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", a.shape[1], a.shape[0], bits, colour, 0, 0, 0))
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + header + b"".join(chunk(*c) for c in before))
        f.write(chunk(b"IDAT", zlib.compress(rows)) + b"".join(chunk(*c) for c in behind) + chunk(b"IEND", b""))


def ranges():
    unit, bits12 = [0, .25, .5, 1], [0, 1024, 2048, 4095]
    colours = [(0, .5, 1), (1, .25, 0)]
    tiff("f32.tif", cells(unit, "f4"))
    tiff("f16.tif", cells(unit, "f2"))
    tiff("f64.tif", cells(unit, "f8"))
    tiff("f16-rgb.tif", cells(colours, "f2"))
    tiff("f32-rgb-big-endian.tif", cells(colours, "f4"), end=">")
    tiff("f32-rgb-planes-tiles.tif", cells(colours, "f4"), planar=2, tile=16, deflate=True)
    tiff("f16-bigtiff.tif", cells(unit, "f2"), big=True, end=">")
    tiff("f32-array-rgb.tif", cells(colours, "f4"), photometric=MINISBLACK, extra=[UNSPECIFIED] * 2)
    tiff("f32-rgba.tif", cells([(0, .5, 1, 1), (1, .25, 0, .5)], "f4"), extra=[UNASSOCIATED])
    tiff("f32-rgba-associated.tif", cells([(0, .5, 1, 1), (.25, .25, .25, .5)], "f4"), extra=[ASSOCIATED])
    tiff("f32-rgba-255.tif", cells([(200, 100, 50, 1)], "f4"), extra=[UNASSOCIATED])
    tiff("f32-pages.tif", cells(unit, "f4"))
    repeat_page("f32-pages.tif")
    tiff("f32-white-is-zero.tif", cells(unit, "f4"), photometric=MINISWHITE)
    tiff("f32-turned.tif", cells(unit, "f4"), tags=[(274, 3, [3])])
    tiff("f32-255.tif", cells([0, 64, 128, 255], "f4"))
    tiff("f32-highlights.tif", cells([0, .5, 1, 3.5], "f4"))
    tiff("f32-signed.tif", cells([-1, 0, .5, 1], "f4"))
    tiff("f32-not-finite.tif", cells([0, float("nan"), float("inf"), .5], "f4"))
    tiff("f32-named-255.tif", cells([0, 5, 10, 15], "f4"), tags=[(340, 11, [0]), (341, 11, [255])])
    tiff("u32-255.tif", cells([0, 64, 128, 255], "u4"))
    tiff("u32-all.tif", cells([0, 2**30, 2**31, 2**32 - 1], "u4"))
    tiff("u32-odd.tif", cells([0, 100000, 200000, 400000], "u4"))
    tiff("u64-65535.tif", cells([0, 16384, 32768, 65535], "u8"))
    tiff("i16-tomography.tif", cells([-1024, 0, 1024, 3072], "i2"))
    tiff("i8.tif", cells([-128, 0, 64, 127], "i1"))
    tiff("u16-12-bits.tif", cells(bits12, "u2"))
    tiff("u16-rgb-12-bits.tif", cells([(0, 2048, 4095), (4095, 1024, 0)], "u2"))
    tiff("u16-12-bits-white-is-zero.tif", cells([0, 1024, 2048, 4095], "u2"), photometric=MINISWHITE)
    tiff("u16-8-bits.tif", cells([0, 64, 128, 255], "u2"))
    tiff("u16-all.tif", cells([0, 16384, 32768, 65535], "u2"))
    tiff("u16-named-4095.tif", cells([0, 256, 512, 1024], "u2"), tags=[(281, 3, [4095])])
    tiff("u16-named-14-bits.tif", cells([0, 4096, 8192, 16383], "u2"), tags=[(281, 3, [16000 + 383])])
    tiff("u16-named-65535.tif", cells([0, 256, 512, 1024], "u2"), tags=[(281, 3, [65535])])
    tiff("u16-named-less.tif", cells([0, 16384, 32768, 65535], "u2"), tags=[(281, 3, [255])])
    tiff("u16-named-10000.tif", cells([0, 2510, 5020, 10000], "u2"), tags=[(281, 3, [10000])])
    tiff("u16-named-least.tif", cells([1000, 1251, 1502, 2000], "u2"), tags=[(280, 3, [1000]), (281, 3, [2000])])
    tiff("f32-named-1000.tif", cells([0, 251, 502, 1000], "f4"), tags=[(340, 11, [0.0]), (341, 11, [1000.0])])
    tiff("f32-named-100.tif", cells([0, 25.1, 50.2, 100], "f4"), tags=[(340, 11, [0.0]), (341, 11, [100.0])])
    tiff("u16-named-more.tif", cells([0, 16384, 32768, 65535], "u2"), tags=[(341, 11, [70000])])
    tiff("u12-packed.tif", cells(bits12, "u2"), bits=12, raw=packed(bits12, 12))
    tiff("u10-packed.tif", cells([0, 256, 512, 1023], "u2"), bits=10, raw=packed([0, 256, 512, 1023], 10))
    tiff("u6-packed.tif", cells([0, 20, 40, 63], "u1"), bits=6, raw=packed([0, 20, 40, 63], 6))
    row = cells([(15, 0, 7), (0, 15, 8)], "u1")
    tiff("u4-rgb-packed.tif", row, bits=4, raw=bytes(int(a) << 4 | int(b) for a, b in row.reshape(-1, 2)))
    png16("u16-12-bits.png", cells(bits12, "u2"))
    png16("u16-rgba-12-bits.png", cells([(0, 2048, 4095, 65535), (4095, 1024, 0, 65535)], "u2"))
    png16("u16-dark-rgba.png", cells([(3000, 2000, 1000, 65535), (0, 0, 0, 0)], "u2"))
    png16("u16-all.png", cells([0, 16384, 32768, 65535], "u2"))
    Image.fromarray(cells(unit, "f4")[:, :, 0]).save(os.path.join(OUT, "pillow-F.tif"))
    Image.fromarray(cells([0, 64, 128, 255], "i4")[:, :, 0]).save(os.path.join(OUT, "pillow-I.tif"))


def channels():
    four = [(200, 30, 40, 255), (20, 180, 60, 128), (10, 60, 220, 0)]
    tiff("rgb-infrared.tif", cells(four, "u1"), extra=[UNSPECIFIED])
    tiff("rgba.tif", cells(four, "u1"), extra=[UNASSOCIATED])
    tiff("rgba-untold.tif", cells(four, "u1"))
    tiff("rgba-associated.tif", cells([(200, 30, 40, 255), (10, 90, 30, 128), (0, 0, 0, 0)], "u1"), extra=[ASSOCIATED])
    tiff("rgb-mask-alpha.tif", cells([(200, 30, 40, 9, 255), (20, 180, 60, 9, 0)], "u1"),
         extra=[UNSPECIFIED, UNASSOCIATED])
    tiff("grey-mask.tif", cells([(200, 0), (20, 255)], "u1"), photometric=MINISBLACK, extra=[UNSPECIFIED])
    tiff("grey-alpha.tif", cells([(200, 0), (20, 255)], "u1"), photometric=MINISBLACK, extra=[UNASSOCIATED])
    tiff("bands.tif", cells([range(10, 140, 10), range(140, 10, -10)], "u1"), photometric=MINISBLACK,
         extra=[UNSPECIFIED] * 12)
    tiff("ycbcr.tif", cells([(76, 85, 255), (150, 44, 21), (29, 255, 107)], "u1"), photometric=YCBCR,
         tags=[(530, 3, [1, 1])])
    tiff("white-is-zero.tif", cells([0, 64, 128, 255], "u1"), photometric=MINISWHITE)
    tiff("planes.tif", cells([(200, 30, 40), (20, 180, 60)], "u1"), planar=2)
    tiff("tiles-bigtiff.tif", cells([(200, 30, 40), (20, 180, 60)], "u1"), tile=16, big=True)
    two = Image.fromarray(cells([0, 255], "u1")[:, :, 0]).convert("1")
    two.save(os.path.join(OUT, "bilevel-group4.tif"), compression="group4")
    two.save(os.path.join(OUT, "bilevel.png"))
    grey = Image.fromarray(cells([200, 20], "u1")[:, :, 0])
    grey.save(os.path.join(OUT, "grey-key.png"), transparency=200)
    colour = Image.fromarray(cells([(200, 30, 40), (20, 180, 60)], "u1"))
    colour.save(os.path.join(OUT, "jpeg.tif"), compression="jpeg", quality=95)


def profiles():
    rgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rgb = rgb[:24] + bytes(12) + rgb[36:]  # not the time of day
    of = lambda space: rgb[:16] + space + rgb[20:]
    colour = Image.fromarray(cells([(200, 30, 40), (20, 180, 60)], "u1"))
    grey = Image.fromarray(cells([200, 20], "u1")[:, :, 0])
    for ending, how in (("jpg", {"quality": 95}), ("png", {}), ("tif", {"compression": "tiff_adobe_deflate"})):
        grey.save(os.path.join(OUT, "grey-profile-rgb." + ending), icc_profile=rgb, **how)
        colour.save(os.path.join(OUT, "rgb-profile-grey." + ending), icc_profile=of(b"GRAY"), **how)
        colour.save(os.path.join(OUT, "rgb-profile-cut." + ending), icc_profile=rgb[:300], **how)
    colour.save(os.path.join(OUT, "rgb-profile-cmyk.jpg"), quality=95, icc_profile=of(b"CMYK"))
    colour.save(os.path.join(OUT, "rgb-profile-lab.jpg"), quality=95, icc_profile=of(b"Lab "))
    colour.save(os.path.join(OUT, "rgb-profile-junk.jpg"), quality=95, icc_profile=b"no profile" * 40)
    tables = bytearray(rgb)  # whole by its header, but the tables are no tables
    tables[128 + 4:] = b"\xff" * (len(tables) - 132)
    colour.save(os.path.join(OUT, "rgb-profile-tables.jpg"), quality=95, icc_profile=bytes(tables))
    colour.save(os.path.join(OUT, "rgb-profile-grey.webp"), lossless=True, icc_profile=of(b"GRAY"))


def frames():
    first, second = Image.new("RGB", (16, 8), (220, 20, 20)), Image.new("RGB", (16, 8), (20, 20, 220))
    more = {"save_all": True, "append_images": [second]}
    first.save(os.path.join(OUT, "frames.avif"), quality=95, **more)
    first.save(os.path.join(OUT, "frames.mpo"), "MPO", quality=95, **more)
    first.save(os.path.join(OUT, "frames.png"), **more)
    first.save(os.path.join(OUT, "still.avif"), quality=95)
    clear = Image.new("P", (16, 8), 1)
    clear.putpalette([0, 0, 0, 255, 0, 0])
    more["append_images"] = [Image.new("P", (16, 8), 0)]
    clear.save(os.path.join(OUT, "clear.gif"), transparency=1, **more)


def netpbm():
    colour = Image.fromarray(cells([(200, 30, 40), (20, 180, 60)], "u1"))
    colour.save(os.path.join(OUT, "colour.ppm"))
    colour.convert("L").save(os.path.join(OUT, "grey.pgm"))
    Image.fromarray(cells([0, 255], "u1")[:, :, 0]).convert("1").save(os.path.join(OUT, "bilevel.pbm"))
    row = lambda values: " ".join(str(v) for v in np.repeat(values, 8)) + "\n"
    with open(os.path.join(OUT, "plain-4095.pgm"), "w") as f:
        f.write("P2 # samples of 12 bits\n32 8\n4095\n" + 8 * row([0, 1024, 2048, 4095]))
    with open(os.path.join(OUT, "plain-15.ppm"), "w") as f:
        f.write("P3\n16 8\n15\n" + 8 * (8 * "15 0 7 " + 8 * "0 15 8 " + "\n"))
    with open(os.path.join(OUT, "plain.pbm"), "w") as f:
        f.write("P1\n16 8\n" + 8 * ("1" * 8 + "0" * 8 + "\n"))
    with open(os.path.join(OUT, "raw-65535.pgm"), "wb") as f:
        f.write(b"P5\n32 8\n65535\n" + cells([0, 16384, 32768, 65535], ">u2").tobytes())


def others():
    """What is no image, or of a kind that is not read."""
    colour = Image.fromarray(cells([(200, 30, 40), (20, 180, 60)], "u1"))
    colour.save(os.path.join(OUT, "windows.bmp"))
    colour.save(os.path.join(OUT, "wavelets.jp2"))
    drawing = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>\n'
    for name, text in (("drawing.svg", drawing),
                       ("pointer.jpg", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1234\n"),
                       ("page.jpg", "<!DOCTYPE html><html></html>\n"), ("cut.ppm", "P6\n40 40\n255\nabc")):
        with open(os.path.join(OUT, name), "w") as f:
            f.write(text)
    colour.save(os.path.join(OUT, "bits12.jpg"), quality=95)
    data = bytearray(open(os.path.join(OUT, "bits12.jpg"), "rb").read())
    data[data.find(b"\xff\xc0") + 4] = 12
    open(os.path.join(OUT, "bits12.jpg"), "wb").write(data)
    data[data.find(b"\xff\xc0") + 4], data[data.find(b"\xff\xc0") + 1] = 8, 0xc3
    open(os.path.join(OUT, "lossless.jpg"), "wb").write(data)
    for name, kind in ("compression.tif", "u1"), ("f32-compression.tif", "f4"):
        tiff(name, cells([(200, 30, 40)], kind))
        data = bytearray(open(os.path.join(OUT, name), "rb").read())
        at = data.find(struct.pack("<HHII", 259, 3, 1, 1))
        data[at + 8:at + 10] = struct.pack("<H", 33007)
        open(os.path.join(OUT, name), "wb").write(data)
    tiff("f32-rgb-one-sample.tif", cells([0, .25, .5, 1], "f4"), photometric=RGB)
    tiff("cut.tif", cells([0, .25, .5, 1], "f4"), raw=cells([0, .25, .5, 1], "f4").tobytes()[:600])


def exif(orientation):
    return b"II" + struct.pack("<HIHHHIHHI", 42, 8, 1, 0x112, 3, 1, orientation, 0, 0)


def pngs():
    three = [(200, 30, 40), (20, 180, 60), (10, 60, 220)]
    palette = (b"PLTE", bytes([200, 30, 40, 20, 180, 60, 10, 60, 220]))
    png("turned-behind.png", cells(three, "u1"), behind=[(b"eXIf", exif(3))])
    png("turned-wrongly.png", cells(three, "u1"), before=[(b"eXIf", exif(9))])
    png("palette-2-bits.png", cells([0, 1, 2], "u1"), 2, before=[palette])
    png("palette-4-bits-clear.png", cells([0, 1, 2], "u1"), 4, before=[palette, (b"tRNS", bytes([255, 128, 0]))])
    png("grey-2-bits-key.png", cells([0, 1, 2, 3], "u1"), 2, before=[(b"tRNS", struct.pack(">H", 1))])
    png("rgb-key.png", cells(three, "u1"), before=[(b"tRNS", struct.pack(">HHH", 20, 180, 60))])
    png("gamma.png", cells(three, "u1"), before=[(b"gAMA", struct.pack(">I", 100000))])
    png("gamma-srgb.png", cells(three, "u1"), before=[(b"gAMA", struct.pack(">I", 45455))])
    png16("u16-grey-alpha.png", cells([(65535, 65535), (20000, 32768), (0, 0)], "u2"))
    for ending in "webp", "avif":
        Image.fromarray(cells(three, "u1")).save(os.path.join(OUT, "turned." + ending), lossless=True, quality=98,
                                                 exif=exif(3))


def inks():
    """White, black, cyan, magenta, yellow, and half of black."""
    a = cells([(0, 0, 0, 0), (0, 0, 0, 255), (255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 0, 0, 128)], "u1")
    tiff("inks.tif", a, photometric=SEPARATED, deflate=True)
    tiff("inks-16-bits.tif", a.astype("u2") * 257, photometric=SEPARATED, deflate=True)
    alpha = cells([(0, 0, 0, 255, 255), (255, 0, 0, 0, 128), (0, 255, 0, 0, 0)], "u1").astype("u2") * 257
    tiff("inks-16-bits-alpha.tif", alpha, photometric=SEPARATED, extra=[UNASSOCIATED], deflate=True)
    tiff("inks-f32.tif", a.astype("f4") / 255, photometric=SEPARATED, deflate=True)
    tiff("inks-planes-tiles.tif", a, photometric=SEPARATED, planar=2, tile=16, deflate=True)
    path = os.path.join(OUT, "inks.jpg")
    Image.fromarray(a, "CMYK").save(path, quality=95)  # inverted, as Adobe stores them
    data = open(path, "rb").read()
    at = data.find(b"\xff\xee")
    with open(os.path.join(OUT, "inks-unmarked.jpg"), "wb") as f:
        f.write(data[:at] + data[at + 16:])
    luma = np.asarray(Image.fromarray(np.ascontiguousarray(a[:, :, :3])).convert("YCbCr"))
    luma = np.dstack([luma, 255 - a[:, :, 3]])
    path = os.path.join(OUT, "inks-luma.jpg")
    Image.fromarray(255 - luma, "CMYK").save(path, quality=95)
    data = bytearray(open(path, "rb").read())
    data[data.find(b"\xff\xee") + 15] = 2  # Adobe's mark of YCCK
    open(path, "wb").write(data)


def lab():
    values = [(0, 0, 0), (100, 0, 0), (53, 80, 67), (54, 0, 0), (32, 79, -108)]
    bytes8 = [(round(l * 2.55), a % 256, b % 256) for l, a, b in values]
    tiff("lab.tif", cells(bytes8, "u1"), photometric=CIELAB)
    tiff("lab-icc.tif", cells([(round(l * 2.55), a + 128, b + 128) for l, a, b in values], "u1"), photometric=ICCLAB)
    tiff("lab-16-bits.tif", cells([(round(l * 655.35), a * 256 % 65536, b * 256 % 65536) for l, a, b in values], "u2"),
         photometric=CIELAB, deflate=True)
    tiff("lab-alpha.tif", cells([(*v, 255 if i < 3 else 0) for i, v in enumerate(bytes8)], "u1"), photometric=CIELAB,
         extra=[UNASSOCIATED])
    tiff("planes-tiles.tif", cells([(200, 30, 40), (20, 180, 60)], "u1"), planar=2, tile=16, deflate=True)
    tiff("grey-associated.tif", cells([(200, 255), (10, 128), (0, 0)], "u1"), photometric=MINISBLACK,
         extra=[ASSOCIATED])


def profile(space, tags):
    """A profile (ICC.1) of the second version, of `tags`."""
    tags = [(b"wtpt", xyz(.9642, 1, .8249)), *tags]
    at, table, data = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags:
        table += name + struct.pack(">II", at + len(data), len(value))
        data += value + b"\0" * (-len(value) % 4)
    head = struct.pack(">I4sI4s4s4s12x4s28x", at + len(data), b"none", 0x2400000, b"mntr", space, b"XYZ ", b"acsp")
    return head + struct.pack(">iii48x", 63190, 65536, 54061) + table + data


def xyz(*values):
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def screens():
    """Adobe RGB (1998), and grey of gamma 1.8: values brought to sRGB by LittleCMS are in the test."""
    gamma = lambda g: b"curv\0\0\0\0" + struct.pack(">IH", 1, round(g * 256))
    wide = profile(b"RGB ", [(b"rXYZ", xyz(.60974, .31111, .01947)), (b"gXYZ", xyz(.20528, .62567, .06087)),
                             (b"bXYZ", xyz(.14919, .06322, .74457))] +
                   [(c + b"TRC", gamma(2.19921875)) for c in (b"r", b"g", b"b")])
    colour = Image.fromarray(cells([(200, 100, 40), (20, 180, 60), (128, 128, 128)], "u1"))
    for ending, how in (("jpg", {"quality": 97, "subsampling": 0}), ("png", {}), ("webp", {"lossless": True}),
                        ("avif", {"quality": 99, "subsampling": "4:4:4"}),
                        ("tif", {"compression": "tiff_adobe_deflate"})):
        colour.save(os.path.join(OUT, "wide." + ending), icc_profile=wide, **how)
    grey = Image.fromarray(cells([200, 20, 128], "u1")[:, :, 0])
    grey.save(os.path.join(OUT, "grey-gamma.png"), icc_profile=profile(b"GRAY", [(b"kTRC", gamma(1.8))]))


def gif(name, canvas, background, images):
    """Of the colours red, green, blue, white; an image: its left edge and width, its colour, the one that is clear."""
    data = b"GIF89a" + struct.pack("<HHBBB", canvas, 8, 0xf1, background, 0)
    data += bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255])
    for left, width, colour, clear in images:
        data += b"!\xf9\4" + struct.pack("<BHBB", clear is not None, 10, clear or 0, 0)
        data += b"," + struct.pack("<HHHHB", left, 0, width, 8, 0) + b"\2"
        codes = "".join(format(c, "03b")[::-1] for c in [4, colour, colour] * (4 * width) + [5])
        codes += "0" * (-len(codes) % 8)
        codes = bytes(int(codes[i:i + 8][::-1], 2) for i in range(0, len(codes), 8))
        data += b"".join(bytes([len(codes[i:i + 255])]) + codes[i:i + 255] for i in range(0, len(codes), 255)) + b"\0"
    with open(os.path.join(OUT, name), "wb") as f:
        f.write(data + b";")


def canvases():
    gif("canvas.gif", 24, 0, [(8, 8, 1, None)])
    gif("canvas-blue.gif", 24, 2, [(8, 8, 1, None), (0, 24, 0, None)])
    gif("canvas-clear.gif", 24, 0, [(8, 8, 1, 3)])
    gif("canvas-beyond.gif", 8, 0, [(0, 16, 1, None)])


def several():
    row = cells([(200, 30, 40), (20, 180, 60)], "u1").tobytes()
    with open(os.path.join(OUT, "several.ppm"), "wb") as f:
        f.write(2 * (b"P6\n16 8\n255\n" + row))
    with open(os.path.join(OUT, "line-behind.ppm"), "wb") as f:
        f.write(b"P6\n16 8\n255\n" + row + b"\n")


os.makedirs(OUT, exist_ok=True)
for part in (ranges, channels, profiles, frames, netpbm, others, pngs, inks, lab, screens, canvases, several):
    part()
