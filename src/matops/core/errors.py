"""The one exception that a user is meant to read."""


class BadInput(Exception):
    """Something the user gave can't be used.

    The message is one line that names what is wrong and where (file, record, field). Entry points
    print it and exit with status 2, or answer HTTP 400; they never show a traceback for it. It is
    no ``ValueError``: code that guards against a library's errors must not swallow or reword it.
    """
