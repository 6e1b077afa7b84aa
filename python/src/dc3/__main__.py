"""`python -m dc3` and the command `dc3` are the program of the package."""
import os
import sys

from ._program import PROGRAM


def main():
    """Becomes the program, so that signals and exit status are its own."""
    try:
        os.execv(PROGRAM, ["dc3", *sys.argv[1:]])
    except OSError as error:
        sys.exit(f"dc3: {PROGRAM} cannot be run: {error.strerror}")


if __name__ == "__main__":
    main()
