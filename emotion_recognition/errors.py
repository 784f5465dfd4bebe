"""The one kind of error that a person can cause and mend."""


class UserError(Exception):
    """A mistake that a person can mend: its text is one sentence that names the thing and the way out.

    The scripts print it on standard error and end with exit status 2 (see `cli.run`).
    """
