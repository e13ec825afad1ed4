"""The store's verbs about its database: which schema it has, bring it to the newest, look whether all is well."""

from coterie.memory import checking, reach, schema
from coterie.memory.connecting import Connected
from coterie.memory.flow import in_thread
from coterie.memory.probes import Probe


class Maintaining(Connected):
    """Looks after the database."""

    def schema_version(self) -> str | None:
        """The version of the schema that is there; None for a database without coterie's tables. Changes nothing.

        Raises:
            SchemaError: a newer coterie made it, or it has tables of somebody else's by our names.
        """
        if self._engine is None:
            return self.probe().schema  # to open it would make the file, or give it a write-ahead log
        with self._reading(reach.NOTHING) as connection:
            return schema.found(connection, self.name)

    def probe(self) -> Probe:
        """Look at the database from outside: whether it is there, its schema, whether it is locked. Changes nothing.

        Raises:
            SchemaError: it is not one of coterie's, or a newer coterie made it.
            StoreError: it cannot be reached or read.
        """
        try:
            return self._dialect.probe()
        except Exception as error:
            self._dialect.raise_ours(error)
            raise

    def upgrade(self) -> str | None:
        """Make the tables, or bring them to the newest version, as the first use of any verb does. Everything stays.

        Returns:
            The version that was there before.

        Raises:
            SchemaError: a newer coterie made it, or it has tables of somebody else's by our names.
        """
        before = self.schema_version()
        with self._reading(reach.NOTHING):
            return before

    def check(self) -> list[str]:
        """Look whether the schema is the newest and everything stored agrees: rows, revisions, indexes. Reads it all.

        Returns:
            What is wrong, each in a sentence with what to do. Empty: all is well.
        """
        found = self.schema_version()
        if found != schema.HEAD:
            has = "has none of coterie's tables" if found is None else f"has schema version {found}"
            return [f"{self.name} {has}, the newest is {schema.HEAD}: run `coterie db upgrade`."]
        with self._reading(reach.NOTHING) as connection:
            own = list(self._dialect.findings(connection))
        with self._snapshot(reach.WHOLE) as connection:
            return [*own, *checking.findings(connection, self._dialect)]

    aschema_version = in_thread(schema_version)
    aprobe = in_thread(probe)
    aupgrade = in_thread(upgrade)
    acheck = in_thread(check)
