"""The one exception that reaches a user as a single line."""


class InputError(ValueError):
    """Bad input from outside: a file, a device, an option or a peer.

    The message is one line that says what is wrong and how to mend it. Command lines print it and
    exit with code 2; nothing else is ever shown to a user as an error message.
    """
