def fingerprints(x: Tensor) -> Tensor:
    """Return the 64-bit FarmHash fingerprints of the decimal text of integers.

    Products leave 64 bits, as the algorithm wants it; a text has at most 20 bytes.
    """
    k0, k1, k2 = -0x3C5A37A36834CED9, -0x4B6D499041670D8D, -0x651E95C4D06FBFB1

    def turned(x: Tensor, bits: int) -> Tensor:
        return right_shift(x, bits) | x << 64 - bits

    def mixed(x: Tensor) -> Tensor:
        return x ^ right_shift(x, 47)

    def joined(x: Tensor, y: Tensor) -> Tensor:
        first = mixed((x ^ y) * factor)
        return mixed((y ^ first) * factor) * factor

    text, size = decimal_text(x)
    factor = k2 + 2 * size
    start, second = word_at(text, 0 * size), word_at(text, 0 * size + 8)
    last, before = word_at(text, size - 8), word_at(text, size - 16)
    # Up to 3 bytes: the first, the middle and the last one.
    middle, end = word_at(text, size // 2) & 255, word_at(text, size - 1)
    few = mixed(((start & 255) + (middle << 8)) * k2 ^ (size + (end << 2)) * k0) * k2
    # Up to 7: the first and the last 4.
    some = joined(size + ((start & 0xFFFFFFFF) << 3), word_at(text, size - 4))
    # Up to 16: the first and the last 8.
    a, b = start + k2, last
    many = joined(turned(b, 37) * factor + a, (turned(a, 25) + b) * factor)
    a, c, d = start * k1, last * factor, before * k2
    most = joined(
        turned(a + second, 43) + turned(c, 30) + d, a + turned(second + k2, 18) + c
    )
    result = torch.where(size < 4, few, torch.where(size < 8, some, many))
    return torch.where(size > 16, most, result)
