"""What a failed model call says, and what to do about it."""

from json import JSONDecodeError

from coterie.graphs.waiting import CallTimeout

_BY_STATUS = {
    401: "Is its API key right (OPENAI_API_KEY)?",
    403: "Is its API key right (OPENAI_API_KEY), and may it use this model?",
    404: "Does that server know this model?",
    429: "Ask less often, or give a retry_policy that waits longer.",
}


def plainly(error: Exception) -> str:
    """An error on one line, without a full stop."""
    said = " ".join(str(error).split()).rstrip(". ")
    if isinstance(error, CallTimeout):
        return said
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def advice(error: Exception) -> str:
    """What to look at, as a sentence with a space before it; nothing where nobody can know."""
    found = _BY_STATUS.get(getattr(error, "status_code", 0), "")
    if isinstance(error, CallTimeout):
        found = "Give it more time with timeout=, or a retry_policy."
    elif isinstance(error, JSONDecodeError):
        found = "Is that a server that speaks OpenAI's API? Its URL usually ends in /v1 (OPENAI_BASE_URL)."
    elif any("ConnectionError" in kind.__name__ for kind in type(error).__mro__):
        found = "Is that server running, and can it be reached from here?"
    return f" {found}" if found else ""


def without_frames(error: Exception) -> Exception:
    """The error, and what caused it, without the frames that they came through where it is the server's.

    Those are a client library's, 130 lines of them, and say nothing that the errors do not. An error that the user's
    own code may have raised is left as it is.
    """
    if advice(error) and not isinstance(error, OSError | JSONDecodeError):
        each: BaseException | None = error
        while each is not None:
            each.__traceback__ = None
            each = each.__cause__ or each.__context__
    return error
