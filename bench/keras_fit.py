"""Train one workload with Keras' own `fit`, as its user would.

    python -m bench.keras_fit w1 w1.npz --backend jax --epochs 20 [--steps-per-execution 32]

The last line of the output is JSON: the times and the metrics of every epoch (see clock.py).
"""

import argparse
import os

from bench.clock import Clock
from bench.workloads import WORKLOADS, Workload


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("data")
    parser.add_argument("--backend", choices=("torch", "jax", "tensorflow"), default="torch")
    parser.add_argument("--epochs", type=int, default=0, help="0: the workload's own number")
    parser.add_argument("--steps-per-execution", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def layers(name: str) -> list:
    from keras import Input
    from keras.layers import (
        LSTM,
        Conv1D,
        Conv2D,
        Dense,
        Dropout,
        Embedding,
        Flatten,
        GlobalAveragePooling1D,
        MaxPooling1D,
        MaxPooling2D,
    )

    def conv(filters: int) -> Conv2D:
        return Conv2D(filters, 3, activation="relu")

    def conv1d(filters: int) -> Conv1D:
        return Conv1D(filters, 3, activation="relu")

    def dense(units: int, rate: float) -> list:
        return [Dense(units, activation="relu"), Dropout(rate)]

    softmax = Dense(10, activation="softmax")
    sigmoid = Dense(1, activation="sigmoid")
    match name:
        case "w1":
            return [Input((20,)), *dense(64, 0.5), *dense(64, 0.5), softmax]
        case "w2":
            return [Input((784,)), *dense(512, 0.2), *dense(512, 0.2), softmax]
        case "w3":
            pooled = [conv(32), conv(64), MaxPooling2D(), Dropout(0.25)]
            return [Input((28, 28, 1)), *pooled, Flatten(), *dense(128, 0.5), softmax]
        case "w4":
            blocks = []
            for filters in (32, 64):
                blocks += [conv(filters), conv(filters), MaxPooling2D(), Dropout(0.25)]
            return [Input((100, 100, 3)), *blocks, Flatten(), *dense(256, 0.5), softmax]
        case "w5":
            lstms = [LSTM(32, return_sequences=True) for _ in range(2)]
            return [Input((8, 16)), *lstms, LSTM(32), softmax]
        case "w6":
            return [Input((80,), dtype="int32"), Embedding(20_000, 128), LSTM(128), sigmoid]
        case "w7":
            blocks = [conv1d(64), conv1d(64), MaxPooling1D(3), conv1d(128), conv1d(128)]
            return [Input((64, 100)), *blocks, GlobalAveragePooling1D(), Dropout(0.5), sigmoid]
        case "w8":
            return [Input((3,)), Dense(4, activation="relu"), Dense(2, activation="softmax")]
    raise ValueError(name)


def optimizer(name: str):
    from keras.optimizers import SGD, Adam, RMSprop

    if name in ("w1", "w4"):
        return SGD(0.01, momentum=0.9, nesterov=True)
    if name in ("w2", "w5", "w7"):
        return RMSprop()
    return Adam() if name in ("w3", "w6") else SGD(0.01)


def train(workload: Workload, args: argparse.Namespace) -> Clock:
    import keras
    import numpy as np

    with np.load(args.data) as arrays:
        x, y = arrays["x_train"], arrays["y_train"]
    if workload.classes > 1:
        y, loss = keras.utils.to_categorical(y, workload.classes), "categorical_crossentropy"
    else:
        y, loss = y.astype("float32"), "binary_crossentropy"
    keras.utils.set_random_seed(args.seed)
    model = keras.Sequential(layers(workload.name))
    model.compile(
        optimizer=optimizer(workload.name),
        loss=loss,
        metrics=["accuracy"],
        steps_per_execution=args.steps_per_execution,
    )
    clock = Clock()
    lap = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: clock.lap(logs["loss"], logs["accuracy"])
    )
    clock.start()
    epochs = args.epochs or workload.epochs
    model.fit(x, y, workload.batch_size, epochs, verbose=2, callbacks=[lap])
    return clock


def main() -> None:
    args = arguments()
    os.environ["KERAS_BACKEND"] = args.backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    train(WORKLOADS[args.workload], args).report()


if __name__ == "__main__":
    main()
