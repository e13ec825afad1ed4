import pytest

from coterie.memory.languages import language, other_language

OTHERS = [
    ("I moved to Lisbon last year and I have a dog", "Ana wohnt in Lissabon und hat einen Hund"),
    ("I moved to Lisbon last year and I have a dog", "Ana mora em Lisboa e tem um cão"),
    ("Ich wohne seit zwei Jahren in Wien", "Ana lives in Vienna for two years"),
    ("Ich wohne seit zwei Jahren in Wien", "User has been in Vienna for years"),
    ("Eu moro em Lisboa com a minha irmã", "Ana lives in Lisbon with her sister"),
    ("Vivo en Madrid desde 2019 con mi hermana", "Ana has lived in Madrid with her sister"),
    ("J'habite à Paris et je ne mange pas de viande", "User does not eat meat"),
    ("Mia sorella abita a Roma e non mangia carne", "Her sister is in Rome and does not eat meat"),
    ("Ik woon in Utrecht en ik heb een hond", "Ana lives in Utrecht and has a dog"),
    ("Jag bor i Lund och har en hund", "Ana lives in Lund and has a dog"),
    ("Mieszkam w Warszawie i mam psa", "Ana lives in Warsaw and has a dog"),
    ("Ben İzmir'de yaşıyorum ve bir kedim var", "Ana lives in Izmir and has a cat"),
    ("Я живу в Москве", "Anna lives in Moscow"),
    ("我住在上海", "User lives in Shanghai"),
    ("東京に住んでいます", "User lives in Tokyo"),
    ("أعيش في القاهرة", "User lives in Cairo"),
    ("서울에 살아요", "User lives in Seoul"),
    ("I live in Moscow", "Анна живёт в Москве"),
    ("I live in Shanghai", "用户住在上海"),
    ("I live in Tokyo", "東京に住んでいる"),
    ("Μένω στην Αθήνα", "Ana lives in Athens"),
]
SAME = [
    ("I live in Lisbon", "Ana lives in Lisbon"),
    ("Ich wohne in Wien", "Ana wohnt in Wien"),
    ("Vivo en Madrid", "Ana vive en Madrid"),
    ("Eu moro em Lisboa", "Ana mora em Lisboa"),
    ("Vivo a Roma e lavoro in banca", "Ana vive a Roma"),
    ("J'habite à Lyon", "Ana habite à Lyon"),
    ("Ik woon in Utrecht", "Ana woont in Utrecht"),
    ("Я живу в Москве", "Анна живёт в Москве"),
    ("我住在上海", "李雷住在上海"),
    ("東京に住んでいます", "田中さんは東京に住んでいる"),
    ("東京在住です", "東京在住"),
    # Names, titles and technical words are no other language.
    ("我用 Python 和 React 写程序", "李雷用 Python 和 React"),
    ("Ich liebe das Lied 'The House of the Rising Sun'", "Liebt das Lied 'The House of the Rising Sun'"),
    ("I work at La Maison du Pain in Lyon", "Ana works at La Maison du Pain"),
    ("My dog is called Der Kaiser", "Has a dog called Der Kaiser"),
    ("Я работаю в Google", "Анна работает в Google Cloud"),
    ("Ana", "Ana Müller"),
    # Too short to tell.
    ("Sim, exatamente!", "Allergic to shellfish"),
    ("Yes!", "Tem um gato"),
    ("Wien", "Vienna"),
    ("42", "Is 42 years of age"),
    # Two languages were spoken.
    ("I live in Lisbon. Eu tenho um gato e uma filha.", "Ana lives in Lisbon"),
    ("I live in Lisbon. Eu tenho um gato e uma filha.", "Tem um gato e uma filha"),
    # Neighbours are not told apart by a word or two.
    ("Vivo en Lugo con mi hermana", "Vive en Lugo, con su hermana"),
    ("Moro no Porto com o meu gato", "Mora no Porto e tem um gato"),
]


@pytest.mark.parametrize(("said", "statement"), OTHERS)
def test_another_language_than_the_words_said_is_seen(said: str, statement: str) -> None:
    assert other_language(statement, said)


@pytest.mark.parametrize(("said", "statement"), SAME)
def test_the_same_language_names_and_short_texts_are_left_alone(said: str, statement: str) -> None:
    assert other_language(statement, said) is None


def test_the_language_has_its_name() -> None:
    assert other_language("Ana lives in Lisbon", "Eu moro em Lisboa") == "English"
    assert other_language("Анна живёт в Москве", "I live in Moscow") == "Cyrillic"


def test_a_language_needs_more_than_a_name() -> None:
    assert language("Lisboa") is None
    assert language("") is None
    assert language("Ich wohne in Wien") == "German"
