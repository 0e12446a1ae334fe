"""The command line as ``python -m mechgap``."""

from .cli.main import main

if __name__ == "__main__":
    main()
