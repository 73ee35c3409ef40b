def number_siphash(x: Tensor, key: tuple[int, int]) -> Tensor:
    """Return the 64-bit SipHash-2-4 of the decimal text of integers under a key."""

    def turned(x: Tensor, bits: int) -> Tensor:
        return x << bits | right_shift(x, 64 - bits)

    def rounds(a: Tensor, b: Tensor, c: Tensor, d: Tensor, count: int) -> list[Tensor]:
        for _ in range(count):
            a, c = a + b, c + d
            b, d = turned(b, 13) ^ a, turned(d, 16) ^ c
            a, c = turned(a, 32) + d, c + b
            b, d = turned(b, 17) ^ c, turned(d, 21) ^ a
            c = turned(c, 32)
        return [a, b, c, d]

    text, size = decimal_text(x)
    words = (0x736F6D6570736575, 0x646F72616E646F6D)
    words += (0x6C7967656E657261, 0x7465646279746573)
    state = [torch.full_like(size, key[i % 2] ^ word) for i, word in enumerate(words)]
    for at in range(0, 24, 8):
        # The length stands in the last byte of the last word.
        word = word_at(text, 0 * size + at)
        word = torch.where(size // 8 == at // 8, word | size << 56, word)
        a, b, c, d = rounds(*state[:3], state[3] ^ word, 2)
        after = [a ^ word, b, c, d]
        state = [torch.where(at <= size, n, o) for n, o in zip(after, state)]
    a, b, c, d = rounds(*state[:2], state[2] ^ 255, state[3], 4)
    return a ^ b ^ c ^ d
