"""Makes tests/golden/images: small images of the kinds that real folders hold, and what Pillow reads of them.

    python tools/golden/images.py tests/golden/images
golden.safetensors: for each file NAME a tensor of what dc3 should give, u8 [h, w, 3]: the first frame, rotated as EXIF
says, on white, 8 bits.
"""
import os, sys
import numpy as np
from PIL import Image, ImageCms, ImageOps
from safetensors.numpy import save_file

OUT = sys.argv[1]
golden = {}


def keep(name, expected):
    golden[name] = np.ascontiguousarray(np.asarray(expected.convert("RGB"), dtype=np.uint8))


def on_white(image):
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)


def blocks(colours, cell=8):
    """A row of squares, one of each colour."""
    return np.concatenate([np.full((cell, cell, len(c)), c) for c in colours], 1)


def main():
    os.makedirs(OUT, exist_ok=True)
    path = lambda name: os.path.join(OUT, name)
    rgb = Image.fromarray(blocks([(200, 30, 40), (20, 180, 60), (10, 60, 220), (128, 128, 128)]).astype(np.uint8))
    rgb.save(path("rgb.jpg"), quality=95, subsampling=0), keep("rgb.jpg", Image.open(path("rgb.jpg")))
    grey = rgb.convert("L")
    grey.save(path("grey.jpg"), quality=95), keep("grey.jpg", Image.open(path("grey.jpg")))
    grey.save(path("grey.png")), keep("grey.png", grey)
    Image.fromarray(np.asarray(grey).astype(np.uint16) * 257).save(path("grey16.png")), keep("grey16.png", grey)
    alpha = Image.fromarray(blocks([(200, 30, 40, 255), (20, 180, 60, 128), (10, 60, 220, 0)]).astype(np.uint8), "RGBA")
    alpha.save(path("alpha.png")), keep("alpha.png", on_white(alpha))
    alpha.save(path("alpha.webp"), lossless=True, exact=True), keep("alpha.webp", on_white(alpha))
    palette = rgb.quantize(8)
    palette.save(path("palette.png")), keep("palette.png", palette)
    palette.save(path("palette-alpha.png"), transparency=palette.getpixel((0, 0)))
    keep("palette-alpha.png", on_white(Image.open(path("palette-alpha.png"))))
    frames = [Image.new("RGB", (12, 8), c) for c in ((220, 20, 20), (20, 20, 220))]
    frames[0].save(path("animated.gif"), save_all=True, append_images=frames[1:],
                   duration=100), keep("animated.gif", frames[0])
    frames[0].save(path("animated.webp"), save_all=True, append_images=frames[1:], duration=100, lossless=True)
    keep("animated.webp", frames[0])
    frames[0].save(path("pages.tif"), save_all=True, append_images=frames[1:]), keep("pages.tif", frames[0])
    for turn in (3, 6, 8, 2):
        exif = Image.Exif()
        exif[0x0112] = turn
        rgb.save(path(f"exif{turn}.jpg"), quality=95, subsampling=0, exif=exif)
        keep(f"exif{turn}.jpg", ImageOps.exif_transpose(Image.open(path(f"exif{turn}.jpg"))))
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    rgb.save(path("srgb-profile.png"), icc_profile=profile), keep("srgb-profile.png", rgb)
    rgb.save(path("srgb-profile.jpg"), quality=95, subsampling=0, icc_profile=profile)
    keep("srgb-profile.jpg", Image.open(path("srgb-profile.jpg")))
    # No colour profile: what an ink looks like is a matter of taste, so only white, black and the order of the
    # channels are tested.
    ink = Image.fromarray(
        blocks([(0, 0, 0, 0), (0, 0, 0, 255), (255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0)]).astype(np.uint8), "CMYK")
    ink.save(path("cmyk.jpg"), quality=95)
    golden["cmyk.jpg"] = np.zeros((8, 40, 3), np.uint8)
    rgb.save(path("png-named.jpg"), format="PNG"), keep("png-named.jpg", rgb)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 24, 3)).astype(np.uint8))
    for kind in ("jpg", "png"):
        noise.save(path("cut." + kind))
        whole = open(path("cut." + kind), "rb").read()
        open(path("cut." + kind), "wb").write(whole[:len(whole) * 7 // 10])
    open(path("text.jpg"), "w").write("this is not a picture\n")
    open(path("empty.png"), "w").close()
    save_file(golden, path("golden.safetensors"))


main()
