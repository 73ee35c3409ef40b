def adam_(
    p: Tensor,
    g: Tensor,
    m: Tensor,
    v: Tensor,
    infinity: Tensor,
    rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    decay: float = 0.0,
    largest: Tensor | None = None,
) -> None:
    """Update m and v by the gradient g, then `p -= rate * m / (sqrt(v) + epsilon)`.

    One pass over memory, in the kernel of torch.optim.Adam(fused=True). By itself the kernel
    corrects the bias of m and v, with epsilon at another place than Keras; as the number of
    the step goes to infinity the correction vanishes, and Keras' is a part of the rate.
    """
    torch._fused_adamw_(
        [p],
        [g],
        [m],
        [v],
        [] if largest is None else [largest],
        [infinity],
        lr=rate,
        beta1=beta_1,
        beta2=beta_2,
        weight_decay=decay,
        eps=epsilon,
        amsgrad=largest is not None,
        maximize=False,
    )
