"""Data sources, a file a family. Importing a module registers its own; see `Family`."""

from kgen.catalogue.sources.base import (
    UNWEIGHTED,
    SampleWeights,
    Source,
    SourceCode,
    Wanted,
    without_first,
)

__all__ = ["UNWEIGHTED", "SampleWeights", "Source", "SourceCode", "Wanted", "without_first"]
