def save_spaced_history(
    history: dict[str, list[float]], path: str, validated: int
) -> None:
    """Write the history as .csv, as a .png (drawn by matplotlib) or else as .json.

    Values of validation are there for every so many epochs; a cell of others is empty.
    """
    count = max(map(len, history.values()), default=0)
    table = {}  # name: {epoch: value}
    for name, values in history.items():
        first = 0 if len(values) == count else validated - 1
        table[name] = dict(zip(range(first, count, first + 1), values))
    with replacing(path) as file:
        if path.endswith(".csv"):
            writer = csv.writer(codecs.getwriter("utf-8")(file), lineterminator="\n")
            writer.writerow(["epoch", *table])
            for epoch in range(count):
                row = (column.get(epoch, "") for column in table.values())
                writer.writerow([epoch, *row])
        elif path.endswith(".png"):
            import matplotlib.pyplot as plt

            for name, column in table.items():
                x, values = [epoch + 1 for epoch in column], list(column.values())
                plt.plot(x, values, label=name)
            plt.xlabel("epoch")
            plt.legend()
            plt.savefig(file, format="png")
        else:
            file.write(json.dumps(history, indent=1).encode())
