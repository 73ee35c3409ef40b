def flatten_parameters(parameters: list[nn.Parameter]) -> tuple[Tensor, Tensor]:
    """Move parameters and their gradients into two vectors, and return these.

    Each parameter becomes a view of its part, with the strides it had: an update of all
    of them is then a few operations on two tensors.
    """
    params = parameters[0].data.new_empty(sum(p.numel() for p in parameters))
    grads = torch.zeros_like(params)
    offset = 0
    for p in parameters:
        view = params.as_strided(p.shape, p.stride(), offset)
        p.data = view.copy_(p.data)
        p.grad = grads.as_strided(p.shape, p.stride(), offset)
        offset += p.numel()
    return params, grads
