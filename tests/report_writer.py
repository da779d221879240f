"""Writes reports into a file and says each id once it is acknowledged; killed by its tests."""

import sys

from geodata.records import Records, Report


def say(line):
    """Write a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(path, label, count):
    """Write reports one after the other."""
    records = Records(path)
    say("ready")
    for number in range(int(count)):
        note = f"{label} {number}"
        say(f"{records.add(Report('s1', 'v1', 'closed', note, 'zh'))} {note}")


if __name__ == "__main__":
    main(*sys.argv[1:])
