"""Makes the pictures of this folder and pictures.json: what Pillow reads from each.

    python make_pictures.py      (Pillow 13.0.0, numpy; the seed is fixed, so the files come out the same)

pictures.json, by file: size as opened; sha256 of convert("RGB"); sha256 of the picture composited on white and turned upright; the 64-bit dHash of that as
Python's imagehash.dhash defines it, as 16 hex digits. TIFFs that Pillow cannot write are put together here by hand.
"""

import hashlib
import io
import json
import struct
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

HERE = Path(__file__).parent
RANDOM = np.random.default_rng(5)


def photo(width, height, bands=3):
    """Smooth waves, an edge and some noise: all that a lossy codec treats differently."""
    y, x = np.mgrid[0:height, 0:width]
    planes = []
    for band in range(bands):
        wave = 127 + 80 * np.sin(x / (7 + 3 * band)) * np.cos(y / (11 - 2 * band))
        wave[(x - width / 2) ** 2 + (y - height / 2) ** 2 < (min(width, height) / 3.5) ** 2] = 40 + 70 * band
        planes.append(wave + RANDOM.normal(0, 6, wave.shape))
    return np.clip(np.stack(planes, axis=-1), 0, 255).astype(np.uint8)


def ramp(width, height):
    alpha = np.linspace(0, 255, width)[None, :] * np.linspace(0.3, 1, height)[:, None]
    alpha[: height // 3] = 255
    alpha[:, : width // 5] = 0
    return alpha.astype(np.uint8)


def rgba(width, height):
    return Image.fromarray(np.dstack([photo(width, height), ramp(width, height)]), "RGBA")


def save(name, picture, **options):
    picture.save(HERE / name, **options)


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def webp():
    rgb = Image.fromarray(photo(61, 97))
    save("lossy.webp", rgb, quality=80)
    save("lossy_q0.webp", Image.fromarray(photo(48, 33)), quality=0)
    save("lossy_q100.webp", Image.fromarray(photo(33, 48)), quality=100, method=6)
    save("lossy_fast.webp", Image.fromarray(photo(130, 71)), quality=60, method=0)
    save("lossy_1x1.webp", Image.fromarray(photo(1, 1)), quality=90)
    save("lossy_2x35.webp", Image.fromarray(photo(2, 35)), quality=70)
    save("lossy_alpha.webp", rgba(70, 50), quality=75)
    save("lossy_alpha_q40.webp", rgba(45, 64), quality=75, alpha_quality=40, method=6)
    save("lossy_exif6.webp", Image.fromarray(photo(50, 30)), quality=75, exif=exif(6))
    save("lossless.webp", rgb, lossless=True)
    save("lossless_alpha.webp", rgba(41, 37), lossless=True, exact=True)
    flat = (np.mgrid[0:40, 0:50].sum(axis=0) // 9 % 5).astype(np.uint8)
    colors = np.array([[9, 8, 200], [250, 3, 7], [0, 255, 0], [255, 255, 255], [20, 20, 20]], np.uint8)
    save("lossless_5_colors.webp", Image.fromarray(colors[flat]), lossless=True)
    noise = Image.fromarray(RANDOM.integers(0, 256, (19, 23, 3), dtype=np.uint8))
    save("lossless_noise.webp", noise, lossless=True, method=6, quality=100)
    frames = [rgba(60, 40), rgba(60, 40)]
    save("animated.webp", frames[0], save_all=True, append_images=frames[1:], lossless=True, duration=50)
    save("animated_lossy.webp", Image.fromarray(photo(60, 40)), save_all=True,
         append_images=[Image.fromarray(photo(60, 40))], quality=70, duration=50)
    riff("animated_offset.webp", 64, 48, 0x12, [(b"ANIM", bytes(6)), (b"ANMF", frame(rgba(20, 16), 10, 6))])
    plain = bytes([0]) + ramp(21, 15).tobytes()
    body = chunks(encoded(Image.fromarray(photo(21, 15)), quality=80))["VP8 "]
    riff("raw_alpha.webp", 21, 15, 0x10, [(b"ALPH", plain), (b"VP8 ", body)])


def encoded(picture, **options):
    out = io.BytesIO()
    picture.save(out, "WEBP", **options)
    return out.getvalue()


def chunks(data):
    found, at = {}, 12
    while at < len(data):
        length = struct.unpack_from("<I", data, at + 4)[0]
        found[data[at:at + 4].decode()] = data[at + 8:at + 8 + length]
        at += 8 + length + length % 2
    return found


def chunk(name, payload):
    return name + struct.pack("<I", len(payload)) + payload + bytes(len(payload) % 2)


def riff(name, width, height, flags, parts):
    head = struct.pack("<I", flags) + struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"WEBP" + chunk(b"VP8X", head) + b"".join(chunk(*part) for part in parts)
    (HERE / name).write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)


def frame(picture, left, top):
    image = chunks(encoded(picture, lossless=True, exact=True))["VP8L"]
    numbers = [left // 2, top // 2, picture.width - 1, picture.height - 1, 80]
    return b"".join(struct.pack("<I", n)[:3] for n in numbers) + bytes([2]) + chunk(b"VP8L", image)


def tiff(name, rows, width, height, bits, samples, photometric, order="<", tile=None, rows_per_strip=None, planar=1,
         extra=(), colors=None, pack=lambda data: data, compression=1, predictor=1, orientation=None, more=b""):
    """rows: [plane, row, bytes of a row] as they are stored."""
    word = lambda *values: struct.pack(order + "H" * len(values), *values)
    blocks = []
    for plane in rows:
        if tile:
            size = bits * (samples if planar == 1 else 1) * tile // 8
            for top in range(0, height, tile):
                for left in range(0, (width + tile - 1) // tile):
                    block = [row[left * size:(left + 1) * size].ljust(size, b"\0") for row in plane[top:top + tile]]
                    blocks.append(pack(b"".join(block).ljust(size * tile, b"\0")))
        else:
            step = rows_per_strip or height
            blocks += [pack(b"".join(plane[top:top + step])) for top in range(0, height, step)]
    data = (b"II*\0" if order == "<" else b"MM\0*") + bytes(4)
    offsets = []
    for block in blocks:
        offsets.append(len(data))
        data += block + bytes(len(block) % 2)
    tags = {256: ("L", [width]), 257: ("L", [height]), 258: ("H", [bits] * samples), 259: ("H", [compression]),
            262: ("H", [photometric]), 277: ("H", [samples]), 284: ("H", [planar]), 317: ("H", [predictor])}
    if tile:
        tags |= {322: ("H", [tile]), 323: ("H", [tile]), 324: ("L", offsets), 325: ("L", [len(b) for b in blocks])}
    else:
        tags |= {273: ("L", offsets), 278: ("L", [rows_per_strip or height]), 279: ("L", [len(b) for b in blocks])}
    if extra:
        tags[338] = ("H", list(extra))
    if colors is not None:
        tags[320] = ("H", list(colors))
    if orientation:
        tags[274] = ("H", [orientation])
    directory = len(data)
    values_at = directory + 2 + 12 * len(tags) + 4
    entries, values = word(len(tags)), b""
    for tag in sorted(tags):
        kind, numbers = tags[tag]
        packed = struct.pack(order + kind * len(numbers), *numbers)
        entries += word(tag, 3 if kind == "H" else 4) + struct.pack(order + "I", len(numbers))
        if len(packed) <= 4:
            entries += packed.ljust(4, b"\0")
        else:
            entries += struct.pack(order + "I", values_at + len(values))
            values += packed + bytes(len(packed) % 2)
    data = data[:4] + struct.pack(order + "I", directory) + data[8:] + entries + bytes(4) + values + more
    (HERE / name).write_bytes(data)


def rows_of(array):
    return [[row.tobytes() for row in array]]


def bits_of(array, bits):
    """Rows of small numbers packed into bytes, the first in the highest bits."""
    per = 8 // bits
    padded = np.pad(array, ((0, 0), (0, -array.shape[1] % per)))
    packed = np.zeros((array.shape[0], padded.shape[1] // per), np.uint8)
    for i in range(per):
        packed |= (padded[:, i::per] << (8 - bits * (i + 1))).astype(np.uint8)
    return rows_of(packed)


def tiffs():
    import zlib
    rgb = Image.fromarray(photo(61, 47))
    for name in ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"]:
        save(f"rgb_{name}.tif", rgb, compression=None if name == "raw" else name)
    save("rgb_predictor.tif", rgb, compression="tiff_lzw", tiffinfo={317: 2})
    save("rgb_jpeg.tif", Image.fromarray(photo(120, 90)), compression="jpeg", quality=85)
    save("grey_jpeg.tif", rgb.convert("L"), compression="jpeg")
    save("strips.tif", Image.fromarray(photo(50, 100)), compression="tiff_adobe_deflate", tiffinfo={278: 7})
    save("grey.tif", rgb.convert("L"))
    save("grey_alpha.tif", rgba(40, 30).convert("LA"), compression="tiff_lzw")
    for name in ["raw", "group3", "group4", "tiff_ccitt", "packbits"]:
        save(f"bilevel_{name}.tif", rgb.convert("1"), compression=None if name == "raw" else name)
    save("palette.tif", rgb.quantize(200), compression="tiff_lzw")
    save("cmyk.tif", Image.fromarray(photo(33, 44, 4), "CMYK"), compression="tiff_lzw")
    wide = (photo(40, 31, 1)[..., 0].astype(np.uint16) * 3) - 60
    save("grey16.tif", Image.fromarray(wide.astype(np.uint16)))
    save("grey16_deflate.tif", Image.fromarray(wide.astype(np.uint16)), compression="tiff_adobe_deflate")
    save("rgba.tif", rgba(40, 30), compression="tiff_adobe_deflate")
    save("pages.tif", rgb, save_all=True, append_images=[Image.fromarray(photo(20, 20))])
    small = photo(37, 29, 1)[..., 0]
    tiff("grey2.tif", bits_of(small >> 6, 2), 37, 29, 2, 1, 1)
    tiff("grey4_white_is_zero.tif", bits_of(small >> 4, 4), 37, 29, 4, 1, 0, order=">")
    tiff("grey8_white_is_zero.tif", rows_of(small), 37, 29, 8, 1, 0)
    tiff("bilevel_white_is_zero.tif", bits_of(small >> 7, 1), 37, 29, 1, 1, 0)
    colors = RANDOM.integers(0, 65536, 48)
    tiff("palette4.tif", bits_of(small >> 4, 4), 37, 29, 4, 1, 3, colors=colors)
    color = photo(75, 53)
    tiff("tiles.tif", rows_of(color), 75, 53, 8, 3, 2, tile=32)
    tiff("tiles_deflate.tif", rows_of(color), 75, 53, 8, 3, 2, tile=16, pack=zlib.compress, compression=8)
    for order, kind in [("<", "<u2"), (">", ">u2")]:
        deep = (color.astype(np.uint16) * 257 - RANDOM.integers(0, 200, color.shape)).clip(0, 65535).astype(kind)
        name = "little" if order == "<" else "big"
        tiff(f"rgb16_{name}.tif", rows_of(deep), 75, 53, 16, 3, 2, order=order, rows_per_strip=10)
        moved = deep.astype(np.int64)
        moved[:, 1:] -= deep[:, :-1].astype(np.int64)
        tiff(f"rgb16_{name}_predictor.tif", rows_of((moved & 0xffff).astype(kind)), 75, 53, 16, 3, 2, order=order,
             rows_per_strip=10, pack=zlib.compress, compression=8, predictor=2)
    tiff("planar.tif", [rows_of(color[..., i])[0] for i in range(3)], 75, 53, 8, 3, 2, planar=2, rows_per_strip=20,
         pack=zlib.compress, compression=8)
    tiff("planar_raw.tif", [rows_of(color[..., i])[0] for i in range(3)], 75, 53, 8, 3, 2, planar=2)
    four = np.dstack([color, ramp(75, 53)])
    tiff("rgb_extra.tif", rows_of(four), 75, 53, 8, 4, 2, extra=[0])
    tiff("rgba_unnamed.tif", rows_of(four), 75, 53, 8, 4, 2)
    ready = four.copy()
    ready[..., :3] = (ready[..., :3].astype(int) * ready[..., 3:] // 255).astype(np.uint8)
    tiff("rgba_premultiplied.tif", rows_of(ready), 75, 53, 8, 4, 2, extra=[1])
    tiff("rgba16.tif", rows_of(four.astype("<u2") * 257), 75, 53, 16, 4, 2, extra=[2], pack=zlib.compress, compression=8)
    inks = photo(30, 22, 4).astype("<u2") * 257 - 100
    tiff("cmyk16.tif", rows_of(inks), 30, 22, 16, 4, 5)
    tiff("orientation8.tif", rows_of(color), 75, 53, 8, 3, 2, orientation=8)


def gifs():
    rgb = Image.fromarray(photo(40, 30))
    save("plain.gif", rgb.quantize(64))
    transparent = rgb.quantize(16)
    transparent.info["transparency"] = 3
    save("transparent.gif", transparent)
    # a frame of 12 x 9 at 5, 7 on a screen of 40 x 30: the picture's own image block behind another screen
    data = io.BytesIO()
    rgb.resize((12, 9)).quantize(8).save(data, "GIF")
    part = bytearray(data.getvalue())
    part[6:10] = struct.pack("<HH", 40, 30)
    at = part.index(b"\x2c", 13)
    part[at + 1:at + 5] = struct.pack("<HH", 5, 7)
    (HERE / "part.gif").write_bytes(part)


def bitmaps():
    grey = Image.fromarray(photo(23, 19, 1)[..., 0])
    save("grey.bmp", grey)
    inverted = grey.convert("P")
    inverted.putpalette(bytes(255 - i // 3 for i in range(768)))
    save("inverted.bmp", inverted)
    save("bilevel.bmp", grey.convert("1"))
    save("rgb.bmp", Image.fromarray(photo(13, 17)))


def on_white(picture):
    picture = ImageOps.exif_transpose(picture)
    if picture.mode == "P" and "transparency" in picture.info or picture.mode in ("LA", "PA"):
        picture = picture.convert("RGBA")
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def dhash(picture):
    grey = np.asarray(picture.convert("L").resize((9, 8), Image.Resampling.LANCZOS))
    bits = (grey[:, 1:] > grey[:, :-1]).flatten()
    return f"{sum(1 << (63 - i) for i in range(64) if bits[i]):016x}"


def digest(picture):
    return hashlib.sha256(picture.tobytes()).hexdigest()


def main():
    webp()
    tiffs()
    gifs()
    bitmaps()
    expected = {}
    for path in sorted(HERE.iterdir()):
        if path.suffix not in (".webp", ".tif", ".gif", ".bmp"):
            continue
        with Image.open(path) as picture:
            size = picture.size
            rgb = picture.convert("RGB")
        with Image.open(path) as picture:
            white = on_white(picture)
        expected[path.name] = {"size": size, "rgb": digest(rgb), "white": digest(white), "dhash": dhash(white)}
    (HERE / "pictures.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
