def generate_text(
    model: Model,
    text: str,
    vocabulary: list[str],
    window: int,
    length: int,
    temperature: float,
) -> str:
    """Continue a random piece of the text, one symbol at a time."""
    device = next(model.parameters()).device
    number = {symbol: i for i, symbol in enumerate(vocabulary)}
    known = [number[c] for c in text if c in number]
    start = int(torch.randint(len(known) - window, ()))
    ids = known[start : start + window]
    for _ in range(length):
        x = torch.tensor([ids[-window:]], dtype=torch.int32, device=device)
        scores = predict(model, (x,))[0, : len(vocabulary)].log() / temperature
        ids.append(int(torch.multinomial(torch.softmax(scores, -1), 1)))
    return "".join(vocabulary[i] for i in ids)
