"""Every public name of Keras' modules, and what becomes of it: supported, or refused and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import kgen.catalogue.everything  # noqa: F401  registers all entries
from kgen.catalogue import families
from kgen.catalogue.base import Entry, Family

KERAS_VERSION = "3.15.1"

# The module, the family of its entries, and its public names, in which those that differ only in
# case (`Adam` and `adam`) or by an alias count, too.
NAMES: tuple[tuple[str, Family, str], ...] = (
    (
        "layers",
        families.LAYERS,
        """
        Activation ActivityRegularization AdaptiveAveragePooling1D AdaptiveAveragePooling2D
        AdaptiveAveragePooling3D AdaptiveMaxPooling1D AdaptiveMaxPooling2D
        AdaptiveMaxPooling3D Add AdditiveAttention AlphaDropout Attention AugMix AutoContrast
        Average AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D
        AvgPool3D BatchNormalization Bidirectional CategoryEncoding CenterCrop Concatenate
        ContrastLimitedAdaptiveHistogramEqualization Conv1D Conv1DTranspose Conv2D
        Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D
        Convolution1DTranspose Convolution2D Convolution2DTranspose Convolution3D
        Convolution3DTranspose Cropping1D Cropping2D Cropping3D CutMix Dense DepthwiseConv1D
        DepthwiseConv2D Discretization Dot Dropout ELU EinsumDense Embedding Equalization
        Flatten FlaxLayer GRU GRUCell GaussianDropout GaussianNoise GlobalAveragePooling1D
        GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D
        GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D
        GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization GroupQueryAttention
        HashedCrossing Hashing Identity Input InputLayer InputSpec IntegerLookup JaxLayer LSTM
        LSTMCell Lambda Layer LayerNormalization LeakyReLU Masking MaxNumBoundingBoxes
        MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum
        MelSpectrogram Minimum MixUp MultiHeadAttention Multiply Normalization PReLU Permute
        Pipeline RMSNormalization RNN RandAugment RandomBrightness RandomColorDegeneration
        RandomColorJitter RandomContrast RandomCrop RandomElasticTransform RandomErasing
        RandomFlip RandomGaussianBlur RandomGrayscale RandomHue RandomInvert RandomPerspective
        RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
        RandomTranslation RandomZoom ReLU RepeatVector Rescaling Reshape Resizing
        ReversibleEmbedding STFTSpectrogram SeparableConv1D SeparableConv2D
        SeparableConvolution1D SeparableConvolution2D SimpleRNN SimpleRNNCell Softmax
        Solarization SpatialDropout1D SpatialDropout2D SpatialDropout3D SpectralNormalization
        StackedRNNCells StringLookup Subtract TFSMLayer TextVectorization TimeDistributed
        TorchModuleWrapper UnitNormalization UpSampling1D UpSampling2D UpSampling3D Wrapper
        ZeroPadding1D ZeroPadding2D ZeroPadding3D add average concatenate deserialize dot
        maximum minimum multiply serialize subtract
        """,
    ),
    (
        "losses",
        families.LOSSES,
        """
        BinaryCrossentropy BinaryFocalCrossentropy CTC CategoricalCrossentropy
        CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy CategoricalHinge
        Circle CosineSimilarity Dice Hinge Huber KLDivergence LogCosh Loss MeanAbsoluteError
        MeanAbsolutePercentageError MeanSquaredError MeanSquaredLogarithmicError Poisson
        SparseCategoricalCrossentropy SquaredHinge Tversky binary_crossentropy
        binary_focal_crossentropy categorical_crossentropy categorical_focal_crossentropy
        categorical_generalized_cross_entropy categorical_hinge circle cosine_similarity ctc
        deserialize dice get hinge huber kl_divergence log_cosh mean_absolute_error
        mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error
        poisson serialize sparse_categorical_crossentropy squared_hinge tversky
        """,
    ),
    (
        "metrics",
        families.METRICS,
        """
        AUC Accuracy BinaryAccuracy BinaryCrossentropy BinaryIoU CategoricalAccuracy
        CategoricalCrossentropy CategoricalHinge ConcordanceCorrelation CosineSimilarity
        F1Score FBetaScore FalseNegatives FalsePositives Hinge IoU KLDivergence LogCoshError
        Mean MeanAbsoluteError MeanAbsolutePercentageError MeanIoU MeanMetricWrapper
        MeanSquaredError MeanSquaredLogarithmicError Metric OneHotIoU OneHotMeanIoU
        PearsonCorrelation Poisson Precision PrecisionAtRecall R2Score Recall
        RecallAtPrecision RootMeanSquaredError SensitivityAtSpecificity
        SparseCategoricalAccuracy SparseCategoricalCrossentropy SparseTopKCategoricalAccuracy
        SpecificityAtSensitivity SquaredHinge Sum TopKCategoricalAccuracy TrueNegatives
        TruePositives binary_accuracy binary_crossentropy binary_focal_crossentropy
        categorical_accuracy categorical_crossentropy categorical_focal_crossentropy
        categorical_hinge concordance_correlation deserialize get hinge huber kl_divergence
        log_cosh mean_absolute_error mean_absolute_percentage_error mean_squared_error
        mean_squared_logarithmic_error pearson_correlation poisson serialize
        sparse_categorical_accuracy sparse_categorical_crossentropy
        sparse_top_k_categorical_accuracy squared_hinge top_k_categorical_accuracy
        """,
    ),
    (
        "optimizers",
        families.OPTIMIZERS,
        """
        Adadelta Adafactor Adagrad Adam AdamW Adamax Ftrl Lamb Lion LossScaleOptimizer
        MultiOptimizer Muon Nadam Optimizer OptimizerMap RMSprop SGD ScheduleFreeAdamW
        deserialize get legacy schedules serialize
        """,
    ),
    (
        "optimizers.schedules",
        families.SCHEDULES,
        """
        CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay LearningRateSchedule
        PiecewiseConstantDecay PolynomialDecay deserialize serialize
        """,
    ),
    (
        "initializers",
        families.INITIALIZERS,
        """
        Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer
        Initializer LecunNormal LecunUniform Ones Orthogonal OrthogonalInitializer
        RandomNormal RandomUniform STFT STFTInitializer TruncatedNormal VarianceScaling Zeros
        constant deserialize get glorot_normal glorot_uniform he_normal he_uniform identity
        lecun_normal lecun_uniform ones orthogonal random_normal random_uniform serialize stft
        truncated_normal variance_scaling zeros
        """,
    ),
    (
        "regularizers",
        families.REGULARIZERS,
        """
        L1 L1L2 L2 OrthogonalRegularizer Regularizer deserialize get l1 l1_l2 l2
        orthogonal_regularizer serialize
        """,
    ),
    (
        "constraints",
        families.CONSTRAINTS,
        """
        Constraint MaxNorm MinMaxNorm NonNeg UnitNorm deserialize get max_norm min_max_norm
        non_neg serialize unit_norm
        """,
    ),
    (
        "activations",
        families.ACTIVATIONS,
        """
        celu deserialize elu exponential gelu get glu hard_shrink hard_sigmoid hard_silu
        hard_swish hard_tanh leaky_relu linear log_sigmoid log_softmax mish relu relu6 selu
        serialize sigmoid silu soft_shrink softmax softplus softsign sparse_plus
        sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold
        """,
    ),
    (
        "callbacks",
        families.CALLBACKS,
        """
        BackupAndRestore CSVLogger Callback CallbackList EarlyStopping History LambdaCallback
        LearningRateScheduler ModelCheckpoint OrbaxCheckpoint ProgbarLogger ReduceLROnPlateau
        RemoteMonitor SwapEMAWeights TensorBoard TerminateOnNaN
        """,
    ),
)

# What a spec has no use for: what Python code builds its own entries from, or looks them up with.
TOOLS = {
    "Layer": "base class for Python code; a `block` or a `def` makes layers of a spec",
    "InputSpec": "says in Python code what a layer takes",
    "Loss": "base class for Python code; a `def` makes losses of a spec",
    "Metric": "base class for Python code; a `def` makes metrics of a spec",
    "Optimizer": "base class for Python code",
    "LearningRateSchedule": "base class for Python code",
    "Initializer": "base class for Python code",
    "Regularizer": "base class for Python code",
    "Constraint": "base class for Python code",
    "Callback": "base class for Python code",
    "CallbackList": "holds callbacks in Python code; `fit(callbacks=[...])` takes a list",
    "deserialize": "reads a saved configuration",
    "serialize": "writes a configuration",
    "get": "looks a name up",
    "legacy": "a module of names for old saved models",
    "schedules": "a module, listed below",
}


@dataclass(frozen=True)
class Covered:
    """What becomes of one name.

    Args:
        name: Keras' name.
        entry: The entry that it means, None for a name without one.
        reason: Why it is refused, or what it is in Keras; "" for a supported name.
        instead: What to use in its place.
    """

    name: str
    entry: type[Entry] | None
    reason: str = ""
    instead: str = ""

    @property
    def state(self) -> str:
        """Return "supported", "refused", or "no entry" for the tools of Python code."""
        if not self.reason:
            return "supported"
        return "refused" if self.entry or self.name not in TOOLS else "no entry"


def module_names(module: str) -> tuple[str, ...]:
    """Return the public names of a module of Keras."""
    return next(tuple(names.split()) for m, _, names in NAMES if m == module)


def coverage() -> Iterator[tuple[str, list[Covered]]]:
    """Yield the modules of Keras with what becomes of each of their names."""
    for module, family, names in NAMES:
        yield module, [covered(module, family, name) for name in names.split()]


def covered(module: str, family: Family, name: str) -> Covered:
    """Return what becomes of a name of a module."""
    entry = family.find(name) or families.OPTIMIZER_MAPS.find(name)  # Keras' optimizers have it
    if entry is not None:
        return Covered(name, entry, entry.refusal, entry.instead)
    return Covered(name, None, TOOLS.get(name, "kgen does not know it"))
