"""kgen: Keras-style model specifications in, standalone PyTorch training scripts out.

`kgen.api` has the compiler as functions, `kgen.cli` the commands.
"""

from kgen.version import VERSION

__version__ = VERSION
