"""`kgen summary`, `plot`, `explain` and `layers`."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Kgen

RESIDUAL = """\
block conv_bn(filters) =
  Conv2D(filters, 3, padding=same, use_bias=False) -> BatchNormalization() -> Activation(relu)

model net {
  image = Input(8, 8, 3)
  stem = image -> conv_bn(4)
  main = stem -> conv_bn(4)
  [stem, main] -> Add() -> GlobalAveragePooling2D() -> Dense(10, softmax)
}
"""


def test_a_chain_looks_as_in_keras(kgen: Kgen) -> None:
    assert (
        kgen("summary", "mlp.kdsl").stdout
        == """\
Model: "mlp"
┏━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━┳━━━━━━━━━┓
┃ Layer (type)      ┃ Output Shape ┃ Param # ┃
┡━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━╇━━━━━━━━━┩
│ dense (Dense)     │ (None, 64)   │   1,344 │
├───────────────────┼──────────────┼─────────┤
│ dropout (Dropout) │ (None, 64)   │       0 │
├───────────────────┼──────────────┼─────────┤
│ dense_1 (Dense)   │ (None, 10)   │     650 │
└───────────────────┴──────────────┴─────────┘
 Total params: 1,994 (7.79 KB)
 Trainable params: 1,994 (7.79 KB)
 Non-trainable params: 0 (0.00 B)
 Forward pass of one sample: 3.84 kFLOPs
 Activations of one sample: 552.00 B
"""
    )


def test_a_graph_shows_connections_and_what_is_inside(kgen: Kgen) -> None:
    text = kgen("summary", "-", stdin=RESIDUAL).stdout
    assert re.search(r"│ input \(InputLayer\) +│ \(None, 8, 8, 3\) │ +0 │ - +│", text)
    assert re.search(r"│ └ conv2d \(Conv2D\) +│ \(None, 8, 8, 4\) │ +108 │", text)
    assert re.search(r"│ add \(Add\) +│ .* │ conv_bn\[0\]\[0\], conv_bn_1\[0\]\[0\] +│", text)
    assert "Non-trainable params: 16 (64.00 B)" in text
    closed = kgen("summary", "-", "--depth", "0", stdin=RESIDUAL).stdout
    assert "conv2d" not in closed
    assert re.search(r"conv_bn \(conv_bn\) +│ \(None, 8, 8, 4\) │ +124 │", closed)
    assert closed.splitlines()[-5:] == text.splitlines()[-5:]


def test_totals_are_those_of_keras(kgen: Kgen) -> None:
    spec = """\
a = Input(6); b = Input(6)
encoder = Dense(5, relu) -> Dense(4, trainable=False)
[a -> encoder, b -> encoder] -> Concatenate() -> BatchNormalization() -> Dense(1, sigmoid)
"""
    text = kgen("summary", "-", stdin=spec).stdout
    import keras
    from keras import layers

    keras.config.set_dtype_policy("float32")  # another test may have chosen float64
    a, b = layers.Input((6,)), layers.Input((6,))
    first, second = layers.Dense(5, activation="relu"), layers.Dense(4, trainable=False)
    merged = layers.Concatenate()([second(first(a)), second(first(b))])
    out = layers.Dense(1, activation="sigmoid")(layers.BatchNormalization()(merged))
    lines: list[str] = []
    keras.config.set_dtype_policy(keras.config.floatx())
    keras.Model([a, b], out).summary(print_fn=lambda line, **_: lines.append(line))
    totals = [line for line in "\n".join(lines).splitlines() if "params:" in line]
    assert [line.strip() for line in totals] == [
        line.strip() for line in text.splitlines() if "params:" in line
    ]


def test_unknown_sizes_are_not_guessed(kgen: Kgen) -> None:
    text = kgen("summary", "-", stdin="Input(None, 4) -> LSTM(3) -> Dense(1)").stdout
    assert (
        "unknown before the script runs"
        in kgen("summary", "-", stdin="Input(None, 4) -> Dense(3) -> LSTM(3) -> Dense(1)").stdout
    )
    assert "Total params: 100" in text


def test_plain_characters_where_the_terminal_has_no_others(
    kgen: Kgen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgen.cli.describing.prints", lambda _: False)
    text = kgen("summary", "-", stdin=RESIDUAL).stdout
    assert text.isascii()
    assert "| - conv2d (Conv2D)" in text


# -------------------------------------------------------------------------------- plot

HOSTILE = r"""e"x\\y{z}|<b>"""


def test_dot(kgen: Kgen) -> None:
    text = kgen("plot", "-", "-o", "-", "--format", "dot", stdin=RESIDUAL).stdout
    assert "subgraph cluster_n1 {" in text
    assert r'n0 [label="input (InputLayer)\n(None, 8, 8, 3)"' in text
    assert "n0 -> n1_1;" in text
    assert "n1_3 -> n3;" in text
    assert "n2_3 -> n3;" in text


def test_mermaid(kgen: Kgen) -> None:
    kgen("plot", "-", "-o", "m.mmd", stdin=RESIDUAL)
    text = Path("m.mmd").read_text()
    assert text.splitlines()[1] == "flowchart TD"
    assert '  subgraph n1 ["conv_bn"]' in text
    assert '  n0(["input (InputLayer)<br/>(None, 8, 8, 3)"])' in text
    assert "  n1_3 --> n3" in text
    kgen("plot", "mlp.kdsl", "-o", "m.mmd")  # its own picture may be replaced


def test_hostile_names_stay_names(kgen: Kgen) -> None:
    spec = f"Dense(3, input_dim=2, name={HOSTILE!r})\n".replace("\\\\\\\\", "\\\\")
    dot = kgen("plot", "-", "-o", "-", "--format", "dot", stdin=spec).stdout
    assert r'label="e\"x\\y{z}|<b> (Dense)\n(None, 3)"' in dot
    mermaid = kgen("plot", "-", "-o", "-", "--format", "mmd", stdin=spec).stdout
    assert "e#34;x#92;y#123;z#125;#124;#60;b#62; (Dense)" in mermaid


def test_a_picture_needs_a_known_ending(kgen: Kgen) -> None:
    assert (
        "must end in .svg, .png, .dot, .mmd"
        in kgen("plot", "mlp.kdsl", "-o", "m.gif", status=2).stderr
    )
    kgen("plot", "mlp.kdsl", status=2)


def test_missing_package(kgen: Kgen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    message = kgen("plot", "mlp.kdsl", "-o", "m.svg", status=1).stderr
    assert "needs the graphviz package: pip install graphviz" in message
    assert not Path("m.svg").exists()


def test_missing_program(kgen: Kgen, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    message = kgen("plot", "mlp.kdsl", "-o", "m.png", status=1).stderr
    assert "needs Graphviz' program `dot`" in message


STAND_IN = """\
#!{python}
# Stands in for Graphviz: reads a graph, writes a picture of the wanted kind.
import sys, zlib, struct
text = sys.stdin.read()
assert text.count("{{") == text.count("}}") and text.split()[0].startswith("//")
def chunk(kind, data):
    crc = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", crc)
png = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
png += chunk(b"IDAT", zlib.compress(b"\\0\\0")) + chunk(b"IEND", b"")
sys.stdout.buffer.write(png if "-Tpng" in sys.argv else b"<svg></svg>\\n")
"""


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_pictures_carry_a_mark(
    kgen: Kgen, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("graphviz")
    if shutil.which("dot") is None:
        program = tmp_path / "bin" / "dot"
        program.parent.mkdir()
        program.write_text(STAND_IN.format(python=sys.executable))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))
    name = f"m.{kind}"
    kgen("plot", "mlp.kdsl", "-o", name)
    data = Path(name).read_bytes()
    assert b"Generated by kgen" in data
    kgen("plot", "mlp.kdsl", "-o", name)
    if kind == "png":
        from PIL import Image

        with Image.open(name) as picture:
            picture.load()
            assert picture.info["Software"].startswith("Generated by kgen")
    Path(name).write_bytes(data.replace(b"Generated by", b"Produced for"))
    kgen("plot", "mlp.kdsl", "-o", name, status=1)


# ------------------------------------------------------------------ explain and layers


def test_explain(kgen: Kgen) -> None:
    assert kgen("explain", "K001").stdout.startswith("# K001: missing comma\n")
    assert kgen("explain", "[k001]").stdout == kgen("explain", "K001").stdout
    assert "K001  missing comma" in kgen("explain").stdout
    assert "no error has the code 'K999'" in kgen("explain", "K999", status=2).stderr
    kgen("explain", "../../etc/passwd", status=2)


def test_every_code_has_a_page() -> None:
    from kgen.codes import CODES

    root = Path(__file__).parents[2] / "kgen"
    used = {
        code
        for path in root.rglob("*.py")
        for code in re.findall(r'"([KW]\d{3})"', path.read_text())
    }
    assert used <= set(CODES), f"no page for {sorted(used - set(CODES))}"


def test_layers_lists_everything(kgen: Kgen) -> None:
    text = kgen("layers").stdout
    for name in ("Dense", "Conv2D", "CategoricalCrossentropy", "Adam", "digits", "fit"):
        assert re.search(rf"\b{name}\b", text)


def test_layers_describes_one(kgen: Kgen) -> None:
    text = kgen("layers", "Dropout").stdout
    assert text.startswith("Dropout(rate, noise_shape=None, seed=None)\n")
    assert "Fraction of the elements to drop." in text
    assert "A number in [0, 1]." in text
    assert kgen("layers", "dropout").stdout == text
    assert "Other spellings: Convolution2D" in kgen("layers", "Conv2D").stdout
    assert "did you mean `Dense`?" in kgen("layers", "Dens", status=2).stderr


def test_names_of_several_families(kgen: Kgen) -> None:
    text = kgen("layers", "softmax").stdout
    assert "  Layer.\n" in text
    assert "  Activation.\n" in text


def test_every_entry_can_be_described() -> None:
    from kgen.backends.reference import PARTS, describe, entries

    for family, _, _ in PARTS:
        for entry in entries(family):
            assert describe(entry).splitlines()[0]
            assert entry.__doc__, f"{entry.__name__} has no documentation"
            for argument in entry.args.values():
                assert argument.doc, f"{entry.__name__}.{argument.name} has no documentation"
