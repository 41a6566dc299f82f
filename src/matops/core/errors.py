"""The one exception that a user is meant to read."""


class BadInput(ValueError):
    """Something the user gave can't be used.

    The message is one line that names what is wrong and where (file, record, field). Entry points
    print it and exit with status 2, or answer HTTP 400; they never show a traceback for it.
    """
