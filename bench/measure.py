"""Runs a command and prints what it took as JSON: seconds, CPU seconds, peak bytes of its largest process.

Node cannot ask for the resources that one child used; wait4 tells them, of the child and of all that it
waited for.
"""
import json
import os
import sys
import time

os.sync()
begun = time.monotonic()
to_null = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=[to_null])
_, status, usage = os.wait4(pid, 0)
wall = time.monotonic() - begun
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps({
    "status": os.waitstatus_to_exitcode(status),
    "wall": wall,
    "cpu": usage.ru_utime + usage.ru_stime,
    "memory": usage.ru_maxrss * unit,
}))
