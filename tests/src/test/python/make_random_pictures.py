"""Makes random pictures in every format that Pillow writes, and prints what Pillow reads from them as JSON.

    make_random_pictures.py FOLDER SEED COUNT

By file: sha256 of convert("RGB") upright, sha256 of the picture on white and upright, and dHash as imagehash.dhash defines it.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps


def pixels(random, width, height):
    y, x = np.mgrid[0:height, 0:width]
    kind = random.integers(5)
    if kind == 0:
        values = random.integers(0, 256, (height, width, 3))
    elif kind == 1:
        values = np.stack([127 + 120 * np.sin(x / (3 + b * 4)) * np.cos(y / (5 + b)) for b in range(3)], -1)
    elif kind == 2:
        values = np.stack([(x * 3 + y * b) % 256 for b in range(3)], -1)
    elif kind == 3:
        values = np.where(((x // 7 + y // 5) % 2)[..., None] > 0, [250, 10, 30], [5, 240, 200])
    else:
        values = np.clip(np.cumsum(random.normal(0, 9, (height, width, 3)), 1) + 128, 0, 255)
    return values.astype(np.uint8)


def exif(random):
    data = Image.Exif()
    data[0x0112] = int(random.integers(1, 9))
    return data.tobytes()


def save(random, path, picture):
    """Writes the picture in the format of the path's suffix with options drawn at random."""
    number = lambda low, high: int(random.integers(low, high))
    if path.suffix == ".webp":
        picture.save(path, quality=number(0, 101), method=number(0, 7), alpha_quality=number(0, 101),
                     lossless=bool(number(0, 2)), exact=True, exif=exif(random))
    elif path.suffix == ".tif":
        mode = str(random.choice(["RGB", "RGBA", "L", "P", "CMYK", "1", "LA"]))
        packing = {"1": ["raw", "group3", "group4", "tiff_ccitt", "packbits", "tiff_lzw"]}.get(
            mode, ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
        options = {"tiffinfo": {278: number(1, picture.height + 1), 274: number(1, 9)}}
        picture.convert(mode).save(path, compression=str(random.choice(packing)), **options)
    elif path.suffix == ".jpg":
        mode = str(random.choice(["RGB", "L"]))
        picture.convert(mode).save(path, quality=number(1, 101), progressive=bool(number(0, 2)),
                                   subsampling=number(0, 3) if mode == "RGB" else 0, exif=exif(random))
    elif path.suffix == ".png":
        mode = str(random.choice(["RGB", "RGBA", "L", "LA", "P", "1"]))
        picture.convert(mode).save(path, exif=exif(random))
    elif path.suffix == ".gif":
        picture.convert("RGB").quantize(number(2, 257)).save(path, interlace=number(0, 2))
    else:
        picture.convert(str(random.choice(["RGB", "L", "P", "1"]))).save(path)


def on_white(picture):
    if picture.mode in ("LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def dhash(picture):
    grey = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS))
    bits = (grey[:, 1:] > grey[:, :-1]).flatten()
    return f"{sum(1 << (63 - i) for i in range(64) if bits[i]):016x}"


def main():
    folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    random = np.random.default_rng(seed)
    expected = {}
    for i in range(count):
        suffix = ["webp", "tif", "webp", "jpg", "webp", "png", "gif", "bmp"][i % 8]
        path = folder / f"{i:04}.{suffix}"
        width, height = (int(side) for side in random.integers(1, 160, 2))
        picture = Image.fromarray(pixels(random, width, height))
        if random.integers(2):
            alpha = random.integers(0, 256, (height, width)) if random.integers(2) else np.mgrid[0:height, 0:width][1]
            picture.putalpha(Image.fromarray(alpha.astype(np.uint8)))
        save(random, path, picture)
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            white = on_white(upright)
            digests = [hashlib.sha256(p.tobytes()).hexdigest() for p in (upright.convert("RGB"), white)]
            expected[path.name] = {"rgb": digests[0], "white": digests[1], "dhash": dhash(white)}
    print(json.dumps(expected))


if __name__ == "__main__":
    main()
