"""`python -m workers.stack`: the whole of Voicemill on this machine, the body of `voicemill up`."""

import sys

from .stack import main

if __name__ == "__main__":
    sys.exit(main())
