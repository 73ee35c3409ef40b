"""The measurements that the README quotes, each a command (see README.md here)."""
