"""Prints the first line of its configuration every second, and reads it again when it was published anew."""

import sys
import time

from holdfast_flag import Flag


def read_configuration(path):
    with open(path, encoding="utf-8") as file:
        return file.readline().rstrip("\n")


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: example.py CONFIGURATION")
    path = sys.argv[1]
    with Flag(path) as flag:
        configuration = read_configuration(path)
        while True:
            if flag.stale:
                flag.renew()
                configuration = read_configuration(path)
            print(configuration, flush=True)
            time.sleep(1)  # Here: serve a request.


if __name__ == "__main__":
    main()
