def option(default, help: str):
    return field(default=default, metadata={"help": help})
