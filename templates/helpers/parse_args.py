def parse_args() -> Config:
    """Read the settings from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for f in fields(Config):
        kind = {"action": "store_true"} if f.type is bool else {"type": f.type}
        text = f.metadata["help"]
        text += f" (default: {f.default})" if f.default != "" else ""
        name = "--" + f.name.replace("_", "-")
        parser.add_argument(name, default=f.default, help=text, **kind)
    cfg = Config(**vars(parser.parse_args()))
    for name, value in vars(cfg).items():
        if not isinstance(value, str) and not 0 <= value < 2**48:
            parser.error(f"--{name.replace('_', '-')} cannot be {value}")
    if cfg.batch_size < 1 or cfg.verbose > 2:
        parser.error("--batch-size is at least 1, --verbose is 0, 1 or 2")
    return cfg
