def mel_matrix(bands: int, bins: int, rate: int, low: float, high: float) -> Tensor:
    """Return the weights (bins, bands) that sum frequencies up to mel bands.

    A band is a triangle on the mel scale; frequency 0 belongs to none.
    """
    frequency = torch.linspace(0, rate / 2, bins)
    place = 1127 * torch.log(1 + frequency / 700)
    ends = [1127 * math.log(1 + f / 700) for f in (low, high)]
    edges = torch.linspace(ends[0], ends[1], bands + 2)
    rising = (place[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - place[:, None]) / (edges[2:] - edges[1:-1])
    matrix = torch.minimum(rising, falling).clamp(min=0)
    matrix[0] = 0
    return matrix
