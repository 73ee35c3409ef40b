def parse_settings() -> Config:
    """Read the settings from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for f in fields(Config):
        text = f.metadata["help"]
        text += f" (default: {f.default})" if f.default != "" else ""
        name = "--" + f.name.replace("_", "-")
        parser.add_argument(name, default=f.default, help=text, type=f.type)
    cfg = Config(**vars(parser.parse_args()))
    if cfg.batch_size < 1 or not 0 <= cfg.seed < 2**48:
        parser.error("--batch-size is at least 1, --seed is no negative number")
    return cfg
