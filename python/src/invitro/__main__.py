"""`invitro` and `python -m invitro`: become the program."""

import os
import sys
from typing import NoReturn

from ._program import path


def main() -> NoReturn:
    os.execv(path(), ["invitro", *sys.argv[1:]])


if __name__ == "__main__":
    main()
