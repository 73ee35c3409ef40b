"""The families of entries: where each sort of name in a spec is looked up."""

from kgen.catalogue.base import Family

LAYERS = Family("layer", lowercase=False, package="kgen.catalogue.layers")
ACTIVATIONS = Family("activation", "an")
INITIALIZERS = Family("initializer", "an", none="glorot_uniform")  # what `add_weight` makes of it
REGULARIZERS = Family("regularizer")
CONSTRAINTS = Family("constraint")
LOSSES = Family("loss", package="kgen.catalogue.losses")
METRICS = Family("metric", package="kgen.catalogue.metrics")
OPTIMIZERS = Family("optimizer", "an", package="kgen.catalogue.optimizers")
OPTIMIZER_MAPS = Family("optimizer map", "an", package="kgen.catalogue.optimizers")
SCHEDULES = Family("learning-rate schedule")
CALLBACKS = Family("callback", package="kgen.catalogue.callbacks")
SOURCES = Family("data source", package="kgen.catalogue.sources")

ALL = (
    LAYERS,
    ACTIVATIONS,
    INITIALIZERS,
    REGULARIZERS,
    CONSTRAINTS,
    LOSSES,
    METRICS,
    OPTIMIZERS,
    OPTIMIZER_MAPS,
    SCHEDULES,
    CALLBACKS,
    SOURCES,
)
