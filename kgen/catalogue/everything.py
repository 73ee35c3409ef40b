"""Importing this module registers every entry of the catalogue."""

import kgen.catalogue.activations
import kgen.catalogue.callbacks
import kgen.catalogue.constraints
import kgen.catalogue.initializers
import kgen.catalogue.layers
import kgen.catalogue.losses
import kgen.catalogue.metrics
import kgen.catalogue.optimizers
import kgen.catalogue.regularizers
import kgen.catalogue.schedules
import kgen.catalogue.sources
import kgen.catalogue.statements  # noqa: F401
