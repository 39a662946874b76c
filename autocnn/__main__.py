"""`python -m autocnn` is the command `autocnn`."""

import sys

from autocnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
