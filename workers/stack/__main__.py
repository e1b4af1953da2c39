"""`python -m workers.stack`: all services of Voicemill on this machine, the implementation of `voicemill up`."""

import sys

from .stack import main

if __name__ == "__main__":
    sys.exit(main())
