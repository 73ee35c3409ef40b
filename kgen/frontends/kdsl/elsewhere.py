"""Words of Keras code that a spec has no use for, and what to write or do instead."""

from __future__ import annotations

_SAVED = 'save it in Keras with `model.save("model.keras")`, and give that file to `kgen convert`'
_NO_PYTHON = "leave it out: a spec holds no Python"
_POLICY = "write `fit(precision=mixed_float16)`, and `dtype=float32` in layers that differ"
_POLICY_NAME = "write its name: `dtype=mixed_float16`"
_GENERATOR = "write `data images(...)`, and what it changes as `augment = RandomFlip(horizontal)`"

INSTEAD = {
    "print": "leave it out: the script prints the loss and the metrics",
    "load_weights": "give the weights to the script: `--weights FILE.safetensors`",
    "set_weights": "give the weights to the script: `--weights FILE.safetensors`",
    "get_weights": "the script writes them: `--save FILE.safetensors`",
    "load_model": "`kgen build` takes a saved model in the place of a spec",
    "model_from_json": "`kgen build` takes a saved model in the place of a spec",
    "to_json": "leave it out: the spec is the text of the model",
    "train_on_batch": "write `fit(...)`, or call the script's `train_step` with your own batches",
    "test_on_batch": "write `evaluate(...)`, or call the script's functions from your own code",
    "predict_on_batch": "write `predict(...)`, or call the script's functions from your own code",
    "adapt": "leave it out: the script adapts layers to the training data",
    "build": "leave it out: the shapes follow from the input",
    "get_layer": "give the layer a name of its own where it is made: `name = Dense(3)`",
    "reset_states": "leave it out: the script resets the states as `fit` does",
    "reset_state": "leave it out: the script resets the states as `fit` does",
    "load_data": "write `data mnist()`, or another source of `kgen layers`",
    "read_csv": 'write `data csv("FILE", target="COLUMN")`',
    "train_test_split": "write `fit(validation_split=0.2)`",
    "Tokenizer": 'write `data text("FILE")`, or put `TextVectorization(...)` first in the model',
    "ImageDataGenerator": _GENERATOR,
    "flow_from_directory": _GENERATOR,
    "image_dataset_from_directory": 'write `data images("FOLDER", size=(64, 64))`',
    "text_dataset_from_directory": 'write `data text_folder("FOLDER")`',
    "set_random_seed": "write `fit(seed=1)`",
    "clear_session": _NO_PYTHON,
    "set_global_policy": _POLICY,
    "set_dtype_policy": _POLICY,
    "set_policy": _POLICY,
    "Policy": _POLICY_NAME,
    "DTypePolicy": _POLICY_NAME,
    "set_floatx": "write `fit(precision=float64)`",
    "KerasClassifier": _NO_PYTHON,
    "KerasRegressor": _NO_PYTHON,
} | dict.fromkeys(
    (
        "VGG16", "VGG19", "ResNet50", "ResNet101", "ResNet152", "ResNet50V2", "ResNet101V2",
        "ResNet152V2", "InceptionV3", "InceptionResNetV2", "Xception", "MobileNet", "MobileNetV2",
        "MobileNetV3Small", "MobileNetV3Large", "DenseNet121", "DenseNet169", "DenseNet201",
        "NASNetMobile", "NASNetLarge", "EfficientNetB0", "EfficientNetB1", "EfficientNetB2",
        "EfficientNetB3", "EfficientNetB4", "EfficientNetB5", "EfficientNetB6", "EfficientNetB7",
        "EfficientNetV2B0", "EfficientNetV2B1", "EfficientNetV2B2", "EfficientNetV2B3",
        "EfficientNetV2S", "EfficientNetV2M", "EfficientNetV2L", "ConvNeXtTiny", "ConvNeXtSmall",
        "ConvNeXtBase", "ConvNeXtLarge", "ConvNeXtXLarge",
    ),
    _SAVED,
)  # fmt: skip

# The modules that a Keras name may be written with, as in `keras.layers.Dense` and `K.mean`.
MODULES = frozenset(
    {
        "keras", "tf", "tensorflow", "np", "numpy", "math", "K", "backend", "ops", "nn", "linalg",
        "layers", "models", "optimizers", "losses", "objectives", "metrics", "activations",
        "initializers", "regularizers", "constraints", "callbacks", "schedules", "random",
        "utils", "np_utils", "datasets", "preprocessing", "image", "experimental", "legacy",
        "compat", "v1", "v2", "python", "src", "core", "convolutional", "pooling", "recurrent",
        "embeddings", "normalization", "merge", "noise", "wrappers", "advanced_activations",
        "local", "L", "kl", "tfk", "tfkl", "config", "mixed_precision", "dtype_policies",
    }
)  # fmt: skip


def unknown_module(name: str) -> str:
    """Return what stands before a dotted name and is no module of Keras, "" for none."""
    owner = name.rpartition(".")[0]
    return owner if owner and not MODULES.issuperset(owner.split(".")) else ""
