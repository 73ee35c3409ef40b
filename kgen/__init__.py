"""kgen: Keras-style model specifications in, standalone PyTorch training scripts out.

`kgen.api` has the compiler as functions, `kgen.cli` the commands.
"""

__version__ = "0.1.0"
