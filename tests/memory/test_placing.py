from coterie.memory.edits import Add, Update
from coterie.memory.evidence import Evidence, Proposal
from coterie.memory.policy import Policy, decided
from tests.memory.test_checks import evidence, known

SAID = "I was wrong, I'm usually free on Wednesdays, not Thursdays."
WITHOUT_A_NUMBER = Proposal("update", "Tom is usually free on Wednesdays", quote=SAID)


def targets(said: Evidence) -> list[str]:
    return [
        edit.target.memory_id for edit in decided([WITHOUT_A_NUMBER], said, Policy()).edits if isinstance(edit, Update)
    ]


def test_an_update_without_a_number_is_aimed_at_the_memory_it_takes_up() -> None:
    assert targets(evidence(SAID, known("Likes tea", "Is usually free on Thursdays"))) == ["m2"]


def test_an_update_without_a_number_that_takes_up_nothing_is_new() -> None:
    for memories in (known("Likes tea", "Repairs motorbikes, often on Thursdays"), []):
        made = decided([WITHOUT_A_NUMBER], evidence(SAID, memories), Policy())
        assert made.refused == ()
        [edit] = made.edits
        assert isinstance(edit, Add)
        assert edit.memory.memory == "Tom is usually free on Wednesdays"


def test_it_is_aimed_at_none_where_several_could_be_meant() -> None:
    assert targets(evidence(SAID, known("Free on Thursdays", "Usually free"))) == []


def test_what_becomes_an_addition_needs_additions_to_be_allowed() -> None:
    made = decided([WITHOUT_A_NUMBER], evidence(SAID, known("Likes tea")), Policy(operations=("update",)))
    assert (made.edits, [one.proposal.op for one in made.refused]) == ((), ["add"])


def test_an_update_of_a_memory_that_it_has_nothing_to_do_with_is_aimed_at_the_one_it_takes_up() -> None:
    memories = known("Plays chess on Mondays", "Trabajo en una panadería, empiezo a las cuatro")
    said = "Corrección: trabajo en la panadería desde las cinco."
    wrong = Proposal("update", "Trabajo en la panadería desde las cinco", (1,), quote=said)
    [edit] = decided([wrong], evidence(said, memories), Policy()).edits
    assert isinstance(edit, Update)
    assert edit.target.memory_id == "m2"


def test_an_update_keeps_its_memory_where_no_other_is_taken_up() -> None:
    said = "I am vegan now."
    for memories in (known("Eats meat", "Likes tea"), known("Eats meat", "Cooks vegan", "Bakes vegan")):
        [edit] = decided([Proposal("update", "Is a vegan", (1,), quote=said)], evidence(said, memories), Policy()).edits
        assert isinstance(edit, Update)
        assert edit.target.memory_id == "m1"
