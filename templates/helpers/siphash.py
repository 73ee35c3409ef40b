def siphash(data: bytes, key: tuple[int, int]) -> int:
    """Return the 64-bit SipHash-2-4 of bytes under a key."""
    full = 2**64 - 1

    def turned(x: int, bits: int) -> int:
        return (x << bits | x >> (64 - bits)) & full

    def rounds(a: int, b: int, c: int, d: int, count: int) -> tuple[int, ...]:
        for _ in range(count):
            a, c = a + b & full, c + d & full
            b, d = turned(b, 13) ^ a, turned(d, 16) ^ c
            a, c = turned(a, 32) + d & full, c + b & full
            b, d = turned(b, 17) ^ c, turned(d, 21) ^ a
            c = turned(c, 32)
        return a, b, c, d

    low, high = key[0] & full, key[1] & full
    state = low ^ 0x736F6D6570736575, high ^ 0x646F72616E646F6D
    state += low ^ 0x6C7967656E657261, high ^ 0x7465646279746573
    # The length stands in the last byte of the last word.
    data += bytes(7 - len(data) % 8) + bytes([len(data) & 255])
    for at in range(0, len(data), 8):
        word = int.from_bytes(data[at : at + 8], "little")
        a, b, c, d = rounds(*state[:3], state[3] ^ word, 2)
        state = a ^ word, b, c, d
    a, b, c, d = rounds(*state[:2], state[2] ^ 255, state[3], 4)
    return a ^ b ^ c ^ d
