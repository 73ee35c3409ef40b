def adam_(
    p: list[Tensor],
    g: list[Tensor],
    m: list[Tensor],
    v: list[Tensor],
    infinity: Tensor,
    rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    decay: float = 0.0,
    largest: list[Tensor] | None = None,
) -> None:
    """Update m and v by g, then `p -= rate * m / (sqrt(v) + epsilon)`, in one kernel.

    The kernel is that of torch.optim.Adam(fused=True), which corrects the bias of m and
    v with epsilon elsewhere. At step infinity it corrects nothing, so that Keras' own
    correction can be a part of the rate.
    """
    tensors = p, g, m, v, largest or [], [infinity] * len(p)
    rates = {"lr": rate, "beta1": beta_1, "beta2": beta_2, "weight_decay": decay}
    form = {"amsgrad": largest is not None, "maximize": False}
    torch._fused_adamw_(*tensors, **rates, eps=epsilon, **form)
