"""Makes the lossy WebPs whose features Pillow cannot ask for: several partitions, the simple loop filter, sharpness, one segment.

    python make_webp_features.py path/to/libwebp.so      (that of Pillow: site-packages/pillow.libs); then make_pictures.py's digest() of each

Calls libwebp's WebPEncode by ctypes; the structures are those of webp/encode.h, ABI 0x020f.
"""

import ctypes
import sys
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_float, c_int, c_size_t, c_uint8, c_uint32, c_void_p
from pathlib import Path

from make_pictures import photo

ABI = 0x020F
CONFIG = ["lossless", "quality", "method", "image_hint", "target_size", "target_PSNR", "segments", "sns_strength",
          "filter_strength", "filter_sharpness", "filter_type", "autofilter", "alpha_compression", "alpha_filtering",
          "alpha_quality", "pass_", "show_compressed", "preprocessing", "partitions", "partition_limit",
          "emulate_jpeg_size", "thread_level", "low_memory", "near_lossless", "exact", "use_delta_palette",
          "use_sharp_yuv", "qmin", "qmax"]


class Config(Structure):
    _fields_ = [(name, c_float if name in ("quality", "target_PSNR") else c_int) for name in CONFIG]


class Picture(Structure):
    pass


Writer = CFUNCTYPE(c_int, POINTER(c_uint8), c_size_t, POINTER(Picture))
Picture._fields_ = [
    ("use_argb", c_int), ("colorspace", c_int), ("width", c_int), ("height", c_int),
    ("y", c_void_p), ("u", c_void_p), ("v", c_void_p), ("y_stride", c_int), ("uv_stride", c_int),
    ("a", c_void_p), ("a_stride", c_int), ("pad1", c_uint32 * 2),
    ("argb", c_void_p), ("argb_stride", c_int), ("pad2", c_uint32 * 3),
    ("writer", Writer), ("custom_ptr", c_void_p), ("extra_info_type", c_int), ("extra_info", c_void_p),
    ("stats", c_void_p), ("error_code", c_int), ("progress_hook", c_void_p), ("user_data", c_void_p),
    ("pad3", c_uint32 * 3), ("pad4", c_void_p), ("pad5", c_void_p), ("pad6", c_uint32 * 8),
    ("memory_", c_void_p), ("memory_argb_", c_void_p), ("pad7", c_void_p * 2),
]


def encode(lib, pixels, quality, **settings):
    config, picture, out = Config(), Picture(), bytearray()
    assert lib.WebPConfigInitInternal(byref(config), 0, c_float(quality), ABI), "another ABI"
    assert lib.WebPPictureInitInternal(byref(picture), ABI), "another ABI"
    for name, value in settings.items():
        setattr(config, name, value)
    assert lib.WebPValidateConfig(byref(config))
    picture.height, picture.width = pixels.shape[:2]
    rgb = pixels.tobytes()
    assert lib.WebPPictureImportRGB(byref(picture), rgb, 3 * picture.width)

    def write(data, size, _):
        out.extend(ctypes.string_at(data, size))
        return 1

    picture.writer = Writer(write)
    assert lib.WebPEncode(byref(config), byref(picture)), picture.error_code
    lib.WebPPictureFree(byref(picture))
    return bytes(out)


def main():
    lib = ctypes.CDLL(sys.argv[1])
    for name, quality, settings in [
        ("simple_filter", 30, {"filter_type": 0, "filter_strength": 90, "autofilter": 0}),
        ("sharp_filter", 20, {"filter_sharpness": 3, "filter_strength": 100}),
        ("sharpest_filter", 20, {"filter_sharpness": 7, "filter_strength": 60, "method": 2}),
        ("no_filter", 50, {"filter_strength": 0}),
        ("one_segment", 45, {"segments": 1, "method": 5}),
        ("partitions8", 55, {"partitions": 3}),
        ("partitions2_simple", 25, {"partitions": 1, "filter_type": 0, "filter_sharpness": 5}),
    ]:
        (Path(__file__).parent / f"lossy_{name}.webp").write_bytes(encode(lib, photo(83, 150), quality, **settings))


if __name__ == "__main__":
    main()
