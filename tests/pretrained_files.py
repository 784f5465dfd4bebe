"""Files of a pretrained MobileNet in the published form, with random weights."""

import json

import numpy as np

CHANNELS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)


def write_pretrained(folder):
    """Write faceres.json and faceres.bin; return the values by their names, as stored in 16 bits."""
    generator = np.random.default_rng(7)
    shapes = {"conv1/convolution/merged_input": (3, 3, 3, 32), "conv1_bn/batchnorm_1/sub": (32,)}
    for block in range(1, 14):
        before, after = CHANNELS[block - 1 : block + 1]
        shapes[f"conv_dw_{block}/depthwise_kernel"] = (3, 3, before, 1)
        shapes[f"conv_dw_{block}_bn/batchnorm_1/mul"] = (before,)
        shapes[f"conv_dw_{block}_bn/batchnorm_1/sub"] = (before,)
        shapes[f"conv_pw_{block}/convolution/merged_input"] = (1, 1, before, after)
        shapes[f"conv_pw_{block}_bn/batchnorm_1/sub"] = (after,)
    values = {}
    for name, shape in shapes.items():
        # Signals neither grow nor fade from layer to layer.
        inputs = 9 if "depthwise" in name else np.prod(shape[:3])
        scale = np.sqrt(2 / inputs) if len(shape) == 4 else 0.1
        values[name] = generator.normal(float(name.endswith("mul")), scale, shape).astype(np.float16)
    listed = [
        {"name": name, "shape": shapes[name], "dtype": "float32", "quantization": {"dtype": "float16"}}
        for name in shapes
    ]
    folder.mkdir(parents=True, exist_ok=True)
    manifest = {"weightsManifest": [{"paths": ["faceres.bin"], "weights": listed}]}
    (folder / "faceres.json").write_text(json.dumps(manifest))
    (folder / "faceres.bin").write_bytes(b"".join(each.tobytes() for each in values.values()))
    return values
