"""What `Db.check` asks of a SQLite file: is it whole, and its text index with it."""

from collections.abc import Iterator

import sqlalchemy as sa

from coterie.memory.dialect import first_line


def findings(connection: sa.Connection, name: str) -> Iterator[str]:
    """Whether the file is whole, and the text index holds exactly the words of the rows."""
    for (said,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if said != "ok":
            yield f"{name} is damaged ({said}): restore a copy, or try `sqlite3 FILE .recover`."
    try:
        connection.exec_driver_sql("INSERT INTO memory_text(memory_text, rank) VALUES ('integrity-check', 1)")
    except sa.exc.DBAPIError as error:
        said = first_line(error)
        if "malformed" not in said:
            yield f"The text index of {name} could not be checked ({said}): make the file writable."
            return
        yield (
            f"The text index of {name} does not hold the words of its memories: make it anew with `sqlite3 "
            """FILE "INSERT INTO memory_text(memory_text) VALUES ('rebuild')"`."""
        )
