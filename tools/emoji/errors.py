"""The one error that a user of the emoji builder is meant to read."""


class BuildError(Exception):
    """One line: what is wrong, where, and how to mend it. Everything else that is raised is a fault of the program."""
