def show(logs: dict[str, float]) -> str:
    """Return values as Keras prints them: four decimals, or an exponent where tiny."""
    forms = ((k, v, ".4f" if abs(v) > 1e-3 else ".4e") for k, v in logs.items())
    return " - ".join(f"{name}: {value:{form}}" for name, value, form in forms)
