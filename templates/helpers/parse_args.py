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
    if cfg.batch_size < 1 or cfg.epochs < 0:
        parser.error("--batch-size is at least 1, --epochs at least 0")
    return cfg
