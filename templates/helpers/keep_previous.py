def keep_previous(path: str) -> None:
    """Copy a checkpoint that is about to be replaced, if there is one."""
    if os.path.exists(path):
        shutil.copyfile(path, path + ".bkp")
