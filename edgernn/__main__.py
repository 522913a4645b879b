"""`python -m edgernn`: the same as the command `edgernn`."""

from edgernn.cli import main

if __name__ == "__main__":
    main()
