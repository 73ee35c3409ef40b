def save_history(history: dict[str, list[float]], path: str) -> None:
    """Write the history as .json or .csv, or draw it as a .png (needs matplotlib)."""
    if path.endswith(".json"):
        with open(path, "w") as file:
            json.dump(history, file, indent=1)
    elif path.endswith(".csv"):
        with open(path, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", *history])
            for epoch, values in enumerate(zip(*history.values())):
                writer.writerow([epoch, *values])
    else:
        try:
            import matplotlib.pyplot as plt
        except ImportError:
            sys.exit(
                "--history draws a picture with matplotlib: pip install matplotlib"
            )
        for name, values in history.items():
            plt.plot(range(1, len(values) + 1), values, label=name)
        plt.xlabel("epoch")
        plt.legend()
        plt.savefig(path)
