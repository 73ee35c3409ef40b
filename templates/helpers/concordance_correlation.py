def concordance_correlation(y: Tensor, p: Tensor) -> Tensor:
    """Return Keras' concordance over the last axis of each sample."""
    y_mean, p_mean = y.mean(-1, keepdim=True), p.mean(-1, keepdim=True)
    # Keras centres the targets, too, with the mean of the predictions.
    covariance = (y - p_mean) * (p - p_mean)
    spread = y.var(-1, correction=0, keepdim=True) + p.var(
        -1, correction=0, keepdim=True
    )
    return (2 * covariance / (spread + (y_mean - p_mean).square() + 1e-7)).mean(-1)
