"""The version, in one place that nothing heavy hangs on."""

VERSION = "0.1.0"
