def weight_views(
    flat: Tensor,
    named: dict[str, nn.Parameter],
    layouts: dict[str, tuple[tuple[int, ...], tuple[int, ...]]],
) -> list[Tensor]:
    """Return the parts of a vector that are weights, each with Keras' axes.

    `layouts` has, for names that end so, the shape of what there is in memory, which
    the parameters that follow may be a part of, and the order of its axes in Keras.
    """
    views: list[Tensor] = []
    stop = 0
    for name, p in named.items():
        start = p.storage_offset()
        if start < stop:  # a part of the weight before it
            continue
        view = flat.as_strided(p.shape, p.stride(), start)
        ends = [end for end in layouts if f".{name}".endswith(f".{end}")]
        if ends:
            shape, axes = layouts[max(ends, key=len)]
            if math.prod(shape) > p.numel():
                view = flat[start : start + math.prod(shape)]
            view = view.view(shape).permute(axes)
        views.append(view)
        stop = start + view.numel()
    return views
