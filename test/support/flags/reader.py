"""As ../c/flag-reader.c, with the client for Python; the folder of that is the first argument."""

import random
import sys
import time

client, data, floor_file, last, seed, *tell = sys.argv[1:]
sys.path.insert(0, client)
from holdfast_flag import Flag  # noqa: E402

last = int(last)
seed = int(seed)
random.seed(seed)
checks = reopens = torn = stale = 0


def first_line(path):
    with open(path, encoding="ascii") as file:
        return int(file.readline())


def read_data():
    global torn
    with open(data, encoding="ascii") as file:
        lines = file.read().split("\n")
    if len(lines) != 51 or len(set(lines[:50])) != 1 or lines[50]:
        torn += 1
    return int(lines[0] or -1)


with Flag(data) as flag:
    held = read_data()
    print("READY", flush=True)
    while held < last:
        if tell:
            time.sleep(random.random() / 50)
        floor = first_line(floor_file)
        checks += 1
        if flag.stale or (seed % 2 and random.randrange(1000) == 0):
            flag.renew()
            held = read_data()
            reopens += 1
            if tell:
                print(held, flush=True)
        stale += held < floor
print(checks, reopens, torn, stale)
