def mirrored(x: Tensor, pads: tuple[tuple[int, int], ...], mode: str) -> Tensor:
    """Return a tensor that goes on beyond its edges, on each axis after the first.

    With the mode "symmetric" the edge comes twice, with "reflect" once.
    """
    for dim, pad in enumerate(pads, 1):
        if any(pad):
            index = np.pad(np.arange(x.shape[dim]), pad, mode)
            x = x.index_select(dim, torch.from_numpy(index).to(x.device))
    return x
