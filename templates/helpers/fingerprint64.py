def fingerprint64(data: bytes) -> int:
    """Return the 64-bit FarmHash fingerprint of bytes, as TensorFlow hashes text."""
    full = 2**64 - 1
    k0, k1, k2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
    size = len(data)

    def word(at: int, width: int = 8) -> int:
        at += size if at < 0 else 0
        return int.from_bytes(data[at : at + width], "little")

    def turned(x: int, bits: int) -> int:
        x &= full
        return (x >> bits | x << (64 - bits)) & full

    def mixed(x: int) -> int:
        x &= full
        return x ^ x >> 47

    def joined(x: int, y: int, factor: int) -> int:
        first = mixed((x ^ y) * factor)
        return mixed((y ^ first) * factor) * factor & full

    def weak(at: int, x: int, y: int) -> tuple[int, int]:
        x += word(at)
        total = x + word(at + 8) + word(at + 16)
        y = turned(y + x + word(at + 24), 21) + turned(total, 44) + x
        return total + word(at + 24) & full, y & full

    factor = k2 + 2 * size
    if size == 0:
        return k2
    if size < 4:
        y = data[0] + (data[size // 2] << 8)
        return mixed(y * k2 ^ (size + (data[-1] << 2)) * k0) * k2 & full
    if size < 8:
        return joined((word(0, 4) << 3) + size & full, word(-4, 4), factor)
    if size <= 16:
        a, b = word(0) + k2, word(-8)
        c, d = turned(b, 37) * factor + a, (turned(a, 25) + b) * factor
        return joined(c & full, d & full, factor)
    if size <= 64:
        a, b = word(0) * (k1 if size <= 32 else k2), word(8)
        c, d = word(-8) * factor, word(-16) * k2
        y = turned(a + b, 43) + turned(c, 30) + d & full
        z = joined(y, a + turned(b + k2, 18) + c & full, factor)
        if size <= 32:
            return z
        e, f = word(16) * factor, word(24)
        g, h = (y + word(-32)) * factor, (z + word(-24)) * factor
        y = turned(e + f, 43) + turned(g, 30) + h & full
        return joined(y, e + turned(f + a, 18) + g & full, factor)
    x, y = 81 * k2 + word(0), 81 * k1 + 113
    z = mixed(y * k2 + 113) * k2
    v, w = (0, 0), (0, 0)
    last = (size - 1) // 64
    for block in range(last + 1):
        # The last block overlaps the one before, and is weighted more.
        at, factor, nine = 64 * block, k1, 1
        if block == last:
            at, factor, nine = size - 64, k1 + 2 * (z & 255), 9
            w = (w[0] + (size - 1) % 64, w[1])
            v = (v[0] + w[0], v[1])
            w = (w[0] + v[0], w[1])
        x = turned(x + y + v[0] + word(at + 8), 37) * factor ^ w[1] * nine
        y = turned(y + v[1] + word(at + 48), 42) * factor + v[0] * nine + word(at + 40)
        z = turned(z + w[0], 33) * factor
        v = weak(at, v[1] * factor, x + w[0])
        w = weak(at + 32, z + w[1], y + word(at + 16))
        x, z = z, x
    left = joined(v[0], w[0], factor) + mixed(y) * k0 + z
    return joined(left & full, joined(v[1], w[1], factor) + x & full, factor)
