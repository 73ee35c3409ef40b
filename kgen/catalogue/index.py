"""Which module of the catalogue has which name, so that a build imports what its spec needs.

A name that is missing here is still found, only later. `tests/catalogue/test_index.py` writes it.
"""

INDEX = {
    "layer": {
        "activation_layers": """
            ELU LeakyReLU PReLU ReLU Softmax ThresholdedReLU
        """,
        "attention": """
            AdditiveAttention Attention MultiHeadAttention
        """,
        "audio": """
            MelSpectrogram STFTSpectrogram
        """,
        "augmentation": """
            RandomBrightness RandomContrast RandomCrop RandomFlip RandomRotation RandomTranslation
            RandomZoom
        """,
        "categories": """
            Discretization
        """,
        "cells": """
            GRUCell LSTMCell RNN SimpleRNNCell StackedRNNCells
        """,
        "color_augmentation": """
            AutoContrast ContrastLimitedAdaptiveHistogramEqualization Equalization
            RandomColorDegeneration RandomColorJitter RandomGaussianBlur RandomGrayscale RandomHue
            RandomInvert RandomPosterization RandomSaturation RandomSharpness Solarization
        """,
        "conv_recurrent": """
            ConvLSTM1D ConvLSTM2D ConvLSTM3D
        """,
        "convolution": """
            AtrousConvolution1D AtrousConvolution2D Conv1D Conv2D Conv3D Convolution1D Convolution2D
            Convolution3D
        """,
        "core": """
            Activation Dense Dropout TimeDistributedDense
        """,
        "depthwise": """
            DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D SeparableConvolution1D
            SeparableConvolution2D
        """,
        "dropped": """
            Highway LocallyConnected1D LocallyConnected2D MaxoutDense
        """,
        "einsum": """
            EinsumDense
        """,
        "embedding": """
            Embedding Masking ReversibleEmbedding
        """,
        "feature_normalization": """
            LayerNormalization RMSNormalization UnitNormalization
        """,
        "geometric_augmentation": """
            AugMix Pipeline RandAugment RandomElasticTransform RandomErasing RandomPerspective
            RandomShear
        """,
        "grouped_attention": """
            GroupQueryAttention GroupedQueryAttention
        """,
        "hashing": """
            HashedCrossing Hashing
        """,
        "inputs": """
            Input InputLayer
        """,
        "lambda_": """
            Lambda
        """,
        "lookup": """
            IntegerLookup
        """,
        "merging": """
            Add Average Concatenate Dot KerasOneMerge Maximum Merge Minimum Multiply Subtract add
            average concatenate dot maximum merge minimum multiply subtract
        """,
        "mixing": """
            CutMix MixUp
        """,
        "normalization": """
            BatchNormalization GroupNormalization SyncBatchNormalization
        """,
        "pooling": """
            AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D
            AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D AveragePooling1D
            AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D GlobalAveragePooling1D
            GlobalAveragePooling2D GlobalAveragePooling3D GlobalAvgPool1D GlobalAvgPool2D
            GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D GlobalMaxPooling1D
            GlobalMaxPooling2D GlobalMaxPooling3D MaxPool1D MaxPool2D MaxPool3D MaxPooling1D
            MaxPooling2D MaxPooling3D
        """,
        "preparation": """
            CategoryEncoding OneHot PadSequences multi_hot one_hot pad_sequences to_categorical
        """,
        "preprocessing": """
            CenterCrop Normalization Rescaling Resizing
        """,
        "recurrent": """
            CuDNNGRU CuDNNLSTM GRU LSTM SimpleRNN
        """,
        "refused": """
            FlaxLayer JaxLayer MaxNumBoundingBoxes RandomHeight RandomWidth TFSMLayer
            TorchModuleWrapper Wrapper
        """,
        "regularization": """
            ActivityRegularization AlphaDropout GaussianDropout GaussianNoise SpatialDropout1D
            SpatialDropout2D SpatialDropout3D
        """,
        "reshaping": """
            Cropping1D Cropping2D Cropping3D Flatten Permute RepeatVector Reshape UpSampling1D
            UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
        """,
        "residual": """
            CustomScaleLayer DropPath Identity LayerScale StochasticDepth
        """,
        "spectral": """
            SpectralNormalization
        """,
        "string_lookup": """
            StringLookup
        """,
        "text_vectorization": """
            TextVectorization
        """,
        "transposed": """
            Conv1DTranspose Conv2DTranspose Conv3DTranspose Convolution1DTranspose
            Convolution2DTranspose Convolution3DTranspose Deconvolution2D Deconvolution3D
        """,
        "wrappers": """
            Bidirectional TimeDistributed
        """,
    },
    "activation": {
        "activations": """
            CELU ELU Exponential GELU Glu HardShrink HardSigmoid HardSilu HardTanh LeakyReLU
            LegacyHardSigmoid Linear LogSigmoid LogSoftmax Mish ReLU ReLU6 SELU SiLU Sigmoid
            SoftShrink Softmax Softplus Softsign SparsePlus SparseSigmoid Sparsemax Squareplus Tanh
            TanhShrink Threshold celu elu exp exponential gelu glu hard_shrink hard_sigmoid
            hard_silu hard_swish hard_tanh hardshrink hardsigmoid hardsilu hardtanh leaky_re_lu
            leaky_relu leakyrelu legacy_hard_sigmoid legacyhardsigmoid linear log_sigmoid
            log_softmax logsigmoid logsoftmax mish re_lu re_lu6 relu relu6 selu si_lu sigmoid silu
            soft_shrink softmax softplus softshrink softsign sparse_plus sparse_sigmoid sparsemax
            sparseplus sparsesigmoid squareplus swish tanh tanh_shrink tanhshrink threshold
        """,
    },
    "initializer": {
        "initializers": """
            Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity IdentityInitializer
            LecunNormal LecunUniform Ones Orthogonal OrthogonalInitializer RandomNormal
            RandomUniform STFT STFTInitializer TruncatedNormal VarianceScaling Zeros constant
            glorot_normal glorot_uniform glorotnormal glorotuniform he_normal he_uniform henormal
            heuniform identity lecun_normal lecun_uniform lecunnormal lecununiform normal one ones
            orthogonal random_normal random_uniform randomnormal randomuniform stft stft_initializer
            stftinitializer truncated_normal truncatednormal uniform variance_scaling
            variancescaling xavier_normal xavier_uniform zero zeros
        """,
    },
    "regularizer": {
        "regularizers": """
            L1 L1L2 L2 OrthogonalRegularizer l1 l1_l2 l1l2 l2 orthogonal_regularizer
            orthogonalregularizer
        """,
    },
    "constraint": {
        "constraints": """
            MaxNorm MinMaxNorm NonNeg UnitNorm max_norm maxnorm min_max_norm minmaxnorm non_neg
            nonneg unit_norm unitnorm
        """,
    },
    "loss": {
        "crossentropy": """
            BCE BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy
            CategoricalFocalCrossentropy CategoricalGeneralizedCrossEntropy Crossentropy
            SparseCategoricalCrossentropy bce binary_crossentropy binary_focal_crossentropy
            binarycrossentropy binaryfocalcrossentropy categorical_crossentropy
            categorical_focal_crossentropy categorical_generalized_cross_entropy
            categoricalcrossentropy categoricalfocalcrossentropy categoricalgeneralizedcrossentropy
            cce ce crossentropy scce sparse_categorical_crossentropy sparsecategoricalcrossentropy
        """,
        "margin": """
            CategoricalHinge Circle Hinge SquaredHinge categorical_hinge categoricalhinge circle
            hinge squared_hinge squaredhinge
        """,
        "overlap": """
            CTC Dice Tversky ctc dice tversky
        """,
        "regression": """
            CosineProximity CosineSimilarity Huber KLD KLDivergence KullbackLeiblerDivergence
            LogCosh MAE MAPE MSE MSLE MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError
            MeanSquaredLogarithmicError Poisson cosine_proximity cosine_similarity cosinesimilarity
            huber huber_loss kl_divergence kld kldivergence kullback_leibler_divergence log_cosh
            logcosh mae mape mean_absolute_error mean_absolute_percentage_error mean_squared_error
            mean_squared_logarithmic_error meanabsoluteerror meanabsolutepercentageerror
            meansquarederror meansquaredlogarithmicerror mse msle poisson
        """,
    },
    "metric": {
        "accuracy": """
            Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy
            SparseTopKCategoricalAccuracy TopKCategoricalAccuracy acc accuracy binary_accuracy
            binaryaccuracy categorical_accuracy categoricalaccuracy sparse_categorical_accuracy
            sparse_top_k_categorical_accuracy sparsecategoricalaccuracy
            sparsetopkcategoricalaccuracy top_k_categorical_accuracy topkcategoricalaccuracy
        """,
        "confusion": """
            AUC FalseNegatives FalsePositives Precision PrecisionAtRecall Recall RecallAtPrecision
            SensitivityAtSpecificity SpecificityAtSensitivity TrueNegatives TruePositives auc
            false_negatives false_positives falsenegatives falsepositives precision
            precision_at_recall precisionatrecall recall recall_at_precision recallatprecision
            sensitivity_at_specificity sensitivityatspecificity specificity_at_sensitivity
            specificityatsensitivity true_negatives true_positives truenegatives truepositives
        """,
        "errors": """
            BCE BinaryCrossentropy BinaryFocalCrossentropy CategoricalCrossentropy
            CategoricalFocalCrossentropy CategoricalHinge ConcordanceCorrelation CosineProximity
            CosineSimilarity Hinge Huber KLD KLDivergence KullbackLeiblerDivergence LogCoshError MAE
            MAPE MSE MSLE MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError
            MeanSquaredLogarithmicError PearsonCorrelation Poisson RMSE RootMeanSquaredError
            SparseCategoricalCrossentropy SquaredHinge bce binary_crossentropy
            binary_focal_crossentropy binarycrossentropy binaryfocalcrossentropy
            categorical_crossentropy categorical_focal_crossentropy categorical_hinge
            categoricalcrossentropy categoricalfocalcrossentropy categoricalhinge cce
            concordance_correlation concordancecorrelation cosine cosine_proximity cosine_similarity
            cosinesimilarity hinge huber kl_divergence kld kldivergence kullback_leibler_divergence
            log_cosh log_cosh_error logcosh logcosherror mae mape mean_absolute_error
            mean_absolute_percentage_error mean_squared_error mean_squared_logarithmic_error
            meanabsoluteerror meanabsolutepercentageerror meansquarederror
            meansquaredlogarithmicerror mse msle pearson_correlation pearsoncorrelation poisson rmse
            root_mean_squared_error rootmeansquarederror scce sparse_categorical_crossentropy
            sparsecategoricalcrossentropy squared_hinge squaredhinge
        """,
        "scores": """
            BinaryIoU F1Score FBetaScore IoU Mean MeanIoU MeanMetricWrapper OneHotIoU OneHotMeanIoU
            R2Score Sum binary_io_u binaryiou f1 f1_score f1score f_beta_score fbeta_score
            fbetascore io_u iou mean mean_io_u mean_metric_wrapper meaniou meanmetricwrapper
            one_hot_io_u one_hot_mean_io_u onehotiou onehotmeaniou r2 r2_score r2score sum
        """,
    },
    "optimizer": {
        "gradient": """
            Adadelta Adagrad Ftrl RMSprop SGD adadelta adagrad ftrl rm_sprop rmsprop sgd
        """,
        "matrices": """
            Adafactor Lamb Muon adafactor lamb muon
        """,
        "moments": """
            Adam AdamW Adamax Lion Nadam adam adam_w adamax adamw lion nadam
        """,
        "multi": """
            MultiOptimizer multi_optimizer multioptimizer
        """,
        "scaling": """
            LossScaleOptimizer loss_scale_optimizer lossscaleoptimizer
        """,
        "schedule_free": """
            ScheduleFreeAdamW schedule_free_adam_w schedulefreeadamw
        """,
    },
    "optimizer map": {
        "multi": """
            OptimizerMap optimizer_map optimizermap
        """,
    },
    "learning-rate schedule": {
        "schedules": """
            CosineDecay CosineDecayRestarts ExponentialDecay InverseTimeDecay PiecewiseConstantDecay
            PolynomialDecay cosine_decay cosine_decay_restarts cosinedecay cosinedecayrestarts
            exponential_decay exponentialdecay inverse_time_decay inversetimedecay
            piecewise_constant_decay piecewiseconstantdecay polynomial_decay polynomialdecay
        """,
    },
    "callback": {
        "averages": """
            SwapEMAWeights swap_ema_weights swapemaweights
        """,
        "backup": """
            BackupAndRestore backup_and_restore backupandrestore
        """,
        "lambdas": """
            LambdaCallback lambda_callback lambdacallback
        """,
        "rates": """
            LearningRateScheduler ReduceLROnPlateau learning_rate_scheduler learningratescheduler
            reduce_lr_on_plateau reducelronplateau
        """,
        "records": """
            CSVLogger History ProgbarLogger RemoteMonitor TensorBoard csv_logger csvlogger history
            progbar_logger progbarlogger remote_monitor remotemonitor tensor_board tensorboard
        """,
        "refused": """
            OrbaxCheckpoint orbax_checkpoint orbaxcheckpoint
        """,
        "stopping": """
            EarlyStopping ModelCheckpoint TerminateOnNaN early_stopping earlystopping
            model_checkpoint modelcheckpoint terminate_on_na_n terminateonnan
        """,
    },
    "data source": {
        "bundled": """
            BreastCancer Diabetes Digits Iris Wine breast_cancer breastcancer diabetes digits iris
            wine
        """,
        "files": """
            Npy Npz npy npz
        """,
        "images": """
            Images images
        """,
        "keras_images": """
            Cifar10 Cifar100 FashionMnist Mnist cifar10 cifar100 fashion_mnist fashionmnist mnist
        """,
        "keras_words": """
            Imdb Reuters imdb reuters
        """,
        "synthetic": """
            Classes Normal Random ShiftedNormals classes normal random shifted_normals
            shiftednormals
        """,
        "tables": """
            Csv Parquet csv parquet
        """,
        "text": """
            Text TextFolder text text_folder textfolder
        """,
    },
}
