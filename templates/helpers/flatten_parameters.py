def flatten_parameters(parameters: list[nn.Parameter]) -> tuple[Tensor, Tensor]:
    """Move parameters and their gradients into two vectors, and return these.

    Each parameter becomes a view into the vector, with the strides it had, so that an
    update of everything is a few operations on two tensors.
    """
    like = parameters[0]
    size = sum(p.numel() for p in parameters)
    params = torch.empty(size, dtype=like.dtype, device=like.device)
    grads = torch.zeros_like(params)
    offset = 0
    for p in parameters:
        values = p.detach()
        p.data = params.as_strided(p.shape, p.stride(), offset)
        p.data.copy_(values)
        p.grad = grads.as_strided(p.shape, p.stride(), offset)
        offset += p.numel()
    return params, grads
