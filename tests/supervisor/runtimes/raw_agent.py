"""An agent that takes its terminal for itself: `python raw_agent.py [paste] [nap SECONDS]`.

It says `ready`, sleeps if told, and then shows each message that Enter ends, as a line of JSON.
"""

import json
import os
import sys
import time
import tty

tty.setraw(0)
if "paste" in sys.argv:
    os.write(1, b"\x1b[?2004h")
os.write(1, b"ready\r\n")
if "nap" in sys.argv:
    time.sleep(float(sys.argv[sys.argv.index("nap") + 1]))
typed = b""
while True:
    typed += os.read(0, 65536)
    while b"\r" in typed:
        message, _, typed = typed.partition(b"\r")
        os.write(1, b"heard %s.\r\n" % json.dumps(message.decode()).encode())
        if message == b"bye":
            sys.exit(3)
