def gradients(parameters: list[nn.Parameter]) -> list[Tensor]:
    """Return the gradients, with the strides of the parameters; zeros if there is none.

    Along an axis of size 1 a gradient may have another stride, which means nothing but
    is refused by the fused kernels of torch 2.4 and 2.5 on a GPU.
    """
    grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    return [g.as_strided(p.shape, p.stride()) for g, p in zip(grads, parameters)]
