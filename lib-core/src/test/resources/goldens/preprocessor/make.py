"""Writes variants.json: 8-bit samples [3, height, width] that CLIPImageProcessorPil and LlavaImageProcessorPil make of two golden pictures."""

import base64
import json
import sys

import numpy as np
from PIL import Image
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava.image_processing_pil_llava import LlavaImageProcessorPil

VARIANTS = {
    "bilinear": dict(size={"shortest_edge": 40}, crop_size={"height": 28, "width": 28}, resample=2),
    "crop-larger": dict(size={"shortest_edge": 21}, crop_size={"height": 30, "width": 36}),
    "keep-size": dict(do_resize=False, crop_size=56),
    "exact": dict(size={"height": 20, "width": 31}, do_center_crop=False),
    "odd": dict(size=33, crop_size={"height": 28, "width": 22}),
    "pad-no-crop": dict(size={"shortest_edge": 24}, do_center_crop=False, do_pad=True),
}

result = {}
for name, config in VARIANTS.items():
    kind = LlavaImageProcessorPil if config.get("do_pad") else CLIPImageProcessorPil
    processor = kind(**config, do_rescale=False, do_normalize=False)
    # the padding has the mean's colour, so the mean must stay
    entry = {"config": config if config.get("do_pad") else {**config, "do_rescale": False, "do_normalize": False}}
    for image, file in (("photo_61x97", "photo_61x97.png"), ("wide_300x40", "wide_300x40.jpg"), ("tall", None)):
        picture = Image.open(f"{sys.argv[1]}/{file or 'wide_300x40.jpg'}").convert("RGB")
        pixels = processor(picture if file else picture.transpose(Image.Transpose.TRANSPOSE))["pixel_values"][0]
        entry[image] = base64.b64encode(np.asarray(pixels).round().astype(np.uint8).tobytes()).decode()
    result[name] = entry
json.dump(result, open(sys.argv[2], "w"), indent=1)
