def show(logs: dict[str, float]) -> str:
    """Return values as Keras prints them: four decimals, or an exponent where tiny."""
    return " - ".join(
        f"{name}: {value:.4f}" if abs(value) > 1e-3 else f"{name}: {value:.4e}"
        for name, value in logs.items()
    )
