import pytest

from coterie.memory.likeness import alike

ANA = {"ana", "silva"}
SAME = [
    ("User lives in Lisbon", "Ana lives in Lisbon"),
    ("User lives in Lisbon", "I live in Lisbon"),
    ("Ana lives in Lisbon", "I live in Lisbon."),
    ("The user lives in Lisbon", "Lives in Lisbon"),
    ("Ana Silva lives in Lisbon", "She lives in Lisbon"),
    ("Ana: I live in Lisbon", "User lives in Lisbon"),
    ("Lives in Lisbon.", "lives in   LISBON"),
    ("My name is John Doe", "User's name is John Doe"),
    ("I'm a nurse", "Ana is a nurse"),
    ("Likes coffee and tea", "Likes tea and coffee"),
    ("Likes coffee, tea and rain", "Likes rain, coffee and tea"),
    ("Lives since 2019 in Lisbon", "Lives in Lisbon since 2019"),
    ("Works at Acme in Porto", "Works in Porto at Acme"),
    ("Has two cats", "Has 2 cats"),
    ("I have a dog", "User has a dog"),
    ("Does not eat meat", "Doesn't eat meat"),
    ("I don't eat meat", "User does not eat meat"),
    ("Has dogs", "Has dog"),
    ("I like tea", "Ana likes tea"),
    ("Goes to church", "I go to church"),
    ("Watches birds", "I watch birds"),
    ("Ana has one brother", "I have 1 brother"),
    ("Vive em São Paulo", "vive em Sao Paulo"),
    ("Ich wohne in Wien", "Ana wohnt in Wien"),
    ("Ich habe einen Hund", "Ana hat einen Hund"),
    ("Ich habe zwei Hunde", "Ana hat 2 Hunde"),
    ("Vivo en Lugo", "Ana vive en Lugo"),
    ("Tengo un gato", "Tiene un gato"),
    ("Moro em Lisboa", "Ana mora em Lisboa"),
    ("Gosto de chá", "Ana gosta de chá"),
    ("Abito a Roma", "Ana abita a Roma"),
    ("我住在上海", "用户住在上海"),
    ("李雷在上海", "李雷在上海。"),
]
DIFFERENT = [
    ("Does not like coffee", "Likes coffee"),
    ("Never eats meat", "Eats meat"),
    ("Has 2 dogs", "Has 3 dogs"),
    ("Has two dogs", "Has ten dogs"),
    ("Ana loves Ben", "Ben loves Ana"),
    ("Ana loves Ben", "Carla loves Ben"),
    ("Ben lives in Lisbon", "Ana lives in Lisbon"),
    ("Her sister lives in Lisbon", "Lives in Lisbon"),
    ("My sister Maria lives in Lisbon", "My sister Marta lives in Lisbon"),
    ("Used to live in Lisbon", "Lives in Lisbon"),
    ("Lived in Lisbon", "Lives in Lisbon"),
    ("Was a nurse", "Is a nurse"),
    ("Will be a nurse", "Is a nurse"),
    ("Moved from Berlin to Lisbon", "Moved from Lisbon to Berlin"),
    ("Travels with Ben", "Travels without Ben"),
    ("Works for Acme", "Works against Acme"),
    ("Has a dog", "Likes dogs"),
    ("Has a cat", "Wants a cat"),
    ("Likes tea", "Loves tea"),
    ("Likes green tea", "Likes tea"),
    ("Born in 1990", "Born in 1991"),
    ("Had an exam on 2024-05-15", "Had an exam on 2024-05-16"),
    ("Met Ben yesterday (2024-05-15)", "Met Ben yesterday (2024-05-22)"),
    ("Is allergic to nuts", "Is not allergic to nuts"),
    ("No nuts", "Nuts"),
    ("Prefers tea to coffee", "Prefers coffee to tea"),
    ("Lives with her sister Maria in the old town", "Lives with her sister Marta in the old town"),
    ("Não come carne", "Come carne"),
    ("Isst kein Fleisch", "Isst Fleisch"),
    ("Wohnt in Wien", "Wohnt bei Wien"),
    ("No come carne", "Come carne"),
    ("Ne mange pas de viande", "Mange de la viande"),
    ("Non mangia carne", "Mangia carne"),
    ("Не ест мясо", "Ест мясо"),
    ("我不吃肉", "我吃肉"),
    ("我住在上海", "我住在北京"),
    ("Ana's daughter is called Mia", "Ana's son is called Mia"),
    ("Wakes up at 6", "Wakes up at 7"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_two_ways_to_say_one_thing(first: str, second: str) -> None:
    assert alike(first, second, ANA)
    assert alike(second, first, ANA)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_one_telling_word_makes_another_statement(first: str, second: str) -> None:
    assert not alike(first, second, ANA)
    assert not alike(second, first, ANA)


def test_whose_name_it_is_must_be_known() -> None:
    assert not alike("Ana lives in Lisbon", "I live in Lisbon")


def test_statements_of_small_words_are_compared_whole() -> None:
    assert alike("I am", "i am")
    assert not alike("I am", "She is")
