def save_history(history: dict[str, list[float]], path: str) -> None:
    """Write the history as .csv, as a .png (drawn by matplotlib) or else as .json."""
    with replacing(path) as file:
        if path.endswith(".csv"):
            writer = csv.writer(codecs.getwriter("utf-8")(file), lineterminator="\n")
            writer.writerow(["epoch", *history])
            for epoch, row in enumerate(zip(*history.values())):
                writer.writerow([epoch, *row])
        elif path.endswith(".png"):
            import matplotlib.pyplot as plt

            for name, values in history.items():
                plt.plot(range(1, len(values) + 1), values, label=name)
            plt.xlabel("epoch")
            plt.legend()
            plt.savefig(file, format="png")
        else:
            file.write(json.dumps(history, indent=1).encode())
