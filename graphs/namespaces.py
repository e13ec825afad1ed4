"""Namespaces of a LangGraph store: which of them are a user's, and whose."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from coterie.errors import ConfigurationError, InputError
from coterie.memory.inputs import checked_namespace, checked_scope
from coterie.memory.namespaces import Labels
from coterie.memory.values import Scope

ANY = "*"
"""In a pattern: any one label."""


def label_of(user_id: str | int | UUID) -> str:
    """A user id as a label of a namespace, which LangGraph allows no full stop.

    >>> label_of("ana@example.com"), label_of(7)
    ('ana@example%2Ecom', '7')
    """
    return str(user_id).replace("%", "%25").replace(".", "%2E")


def user_of(label: str) -> str:
    """The user id that a label stands for.

    >>> user_of("ana@example%2Ecom"), user_of("100%25"), user_of("ana")
    ('ana@example.com', '100%', 'ana')
    """
    return label.replace("%2E", ".").replace("%25", "%")


@dataclass(frozen=True)
class Owned:
    """Whose a namespace is, and its labels."""

    scope: Scope
    labels: Labels
    is_own: bool = False
    """Whether it is exactly the user's: where what nobody put there is."""


class Namespaces:
    """Tells whose a namespace is.

    Args:
        template: What the namespaces of users begin with; one label in braces stands for the user.
        team_id: The team whose all others are. None: there are no others.

    Raises:
        ConfigurationError: the template has no such label, or several.
        InputError: a label cannot be one; or the team's id cannot be used.
    """

    def __init__(self, template: Sequence[str], team_id: str | None) -> None:
        self._template = checked_namespace(template)
        users = [place for place, label in enumerate(self._template) if label[0] == "{" and label[-1] == "}"]
        if len(users) != 1:
            raise ConfigurationError(
                f"users is {self._template!r}: give a namespace with one label in braces for the user, as "
                "('memories', '{user_id}')."
            )
        (self._user,) = users
        self._nobody = None if team_id is None else checked_scope(Scope(team_id=team_id))

    def of(self, user_id: str) -> Labels:
        """The user's own namespace."""
        labels = (label_of(user_id) if place == self._user else label for place, label in enumerate(self._template))
        return tuple(labels)

    def owned(self, namespace: Sequence[str]) -> Owned:
        """Whose a namespace is, or all that begin with these labels; ``()`` is nobody's.

        Raises:
            InputError: it is no user's, and there is no team; it stops before it names a user; it says `ANY` user.
        """
        labels = checked_namespace(namespace)
        if not labels or not self._agrees(labels):
            return Owned(self._of_team(labels), labels)
        if len(labels) < len(self._template):
            raise InputError(
                f"The namespace {labels!r} begins as those of users do, {self._template!r}, but does not reach to "
                "its end: name the user too. Nothing is read or kept of all users at once."
            )
        if labels[self._user] == ANY:
            raise InputError(f"The namespace {labels!r} means every user: name one.")
        user_id = user_of(labels[self._user])
        own, rest = self.of(user_id), labels[len(self._template) :]
        return Owned(checked_scope(Scope(user_id)), (*own, *rest), is_own=not rest)

    def _of_team(self, labels: Labels) -> Scope:
        if self._nobody is None:
            raise InputError(
                f"The namespace {labels!r} is no user's: theirs are {self._template!r}. Does users= say where your "
                "namespaces have the user? If it is to be knowledge of a team, give the store a team_id."
            )
        return self._nobody

    def _agrees(self, labels: Labels) -> bool:
        """Whether the labels are those of the template, as far as both go."""
        pairs = enumerate(zip(self._template, labels, strict=False))
        return all(place == self._user or one == label for place, (one, label) in pairs)


def matches(pattern: Labels, labels: Labels, *, at_end: bool = False) -> bool:
    """Whether labels begin, or end, as a pattern says, in which `ANY` is any one label.

    >>> matches(("a", "*"), ("a", "b", "c")), matches(("*", "c"), ("a", "b", "c"), at_end=True), matches(("b",), ("a",))
    (True, True, False)
    """
    if len(pattern) > len(labels):
        return False
    part = labels[len(labels) - len(pattern) :] if at_end else labels[: len(pattern)]
    return all(one in (ANY, label) for one, label in zip(pattern, part, strict=True))
