"""`kgen verify`: a generated script against real Keras, layer by layer.

The only part of kgen that imports Keras, torch and numpy; no other command imports it. The parity
tests are this machinery over the catalogue.

    keras.py       Keras itself, in float64, and what its torch backend gets wrong mended
    entries.py     catalogue entries as Keras' objects
    functions.py   small functions of a spec over `keras.ops`
    reference.py   typed graphs as Keras models
    generated.py   the script, imported, and a copy of its model that shows every layer
    sizes.py       sizes for what a spec leaves open
    arrays.py      made-up inputs, weights and targets, and how far arrays are apart
    quiet.py       the model without dropout and noise
    pair.py        both models with the same weights; one pass through both
    training.py    the same steps of training on both sides
    compare.py     what differs, layer by layer, as data
    report.py      that data as a table
"""
