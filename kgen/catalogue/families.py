"""The families of entries: where each sort of name in a spec is looked up."""

from kgen.catalogue.base import Family

LAYERS = Family("layer", lowercase=False)
ACTIVATIONS = Family("activation", "an")
INITIALIZERS = Family("initializer", "an", none="glorot_uniform")  # what `add_weight` makes of it
REGULARIZERS = Family("regularizer")
CONSTRAINTS = Family("constraint")
LOSSES = Family("loss")
METRICS = Family("metric")
OPTIMIZERS = Family("optimizer", "an")
SCHEDULES = Family("learning-rate schedule")
CALLBACKS = Family("callback")
SOURCES = Family("data source")

ALL = (
    LAYERS,
    ACTIVATIONS,
    INITIALIZERS,
    REGULARIZERS,
    CONSTRAINTS,
    LOSSES,
    METRICS,
    OPTIMIZERS,
    SCHEDULES,
    CALLBACKS,
    SOURCES,
)
