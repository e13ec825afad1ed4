import pytest

from coterie.memory.sentences import answers, asks, questions, sentences, stated


def test_sentences_end_in_many_ways() -> None:
    assert sentences("One. Two! Three?\nFour… Five") == ["One.", "Two!", "Three?", "Four…", "Five"]
    assert sentences("我叫李雷。我在上海！你呢？") == ["我叫李雷。", "我在上海！", "你呢？"]
    assert sentences("Dr. Reed pays 3.50 at a.b.com, e.g. on J. Street. Yes.") == [
        "Dr. Reed pays 3.50 at a.b.com, e.g. on J. Street.",
        "Yes.",
    ]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Do I live in Lisbon?", ""),
        ("do I live in Lisbon", ""),
        ("Where do I live?", ""),
        ("what's my dog called", ""),
        ("Do you know whether I live in Lisbon, Portugal?", ""),
        ("Can you tell me where I live?", ""),
        ("Could you remind me what my dog's name is?", ""),
        ("Moro em Lisboa?", ""),
        ("Moro em Lisboa, ou no Porto?", ""),
        ("Wohne ich in Wien?", ""),
        ("¿Vivo en Lugo?", ""),
        ("我住在上海吗？", ""),
        ("Я живу в Москве?", ""),
        ("I live in Lisbon.", "I live in Lisbon."),
        ("I moved to Berlin, did I tell you?", "I moved to Berlin"),
        ("Ich bin vegan, was soll ich kochen?", "Ich bin vegan"),
        ("As I am vegan, where do I eat?", "As I am vegan"),
        ("Can you find a place for my dog Rex?", "Can you find a place for my dog Rex?"),
        ("What should I cook for my vegan wife?", "What should I cook for my vegan wife?"),
        ("Puoi trovare un posto per il mio cane?", "Puoi trovare un posto per il mio cane?"),
        ("Can you remember that I live in Lisbon?", "Can you remember that I live in Lisbon?"),
        ("Please remember that I live in Lisbon", "Please remember that I live in Lisbon"),
        ("I have a dog. Is he big? He is.", "I have a dog.\nHe is."),
        ("What a day I had in Lisbon!", "What a day I had in Lisbon!"),
    ],
)
def test_what_is_only_asked_is_not_stated(text: str, kept: str) -> None:
    assert stated(text) == kept


@pytest.mark.parametrize("text", ["Yes, exactly!", "yes", "Oh yes", "Sim!", "Ja, genau", "Sí", "Да", "是的", "はい"])
def test_a_yes_answers(text: str) -> None:
    assert answers(text)


@pytest.mark.parametrize("text", ["Thanks!", "No", "I said yes to the job", "谢谢", ""])
def test_thanks_are_no_answer(text: str) -> None:
    assert not answers(text)


def test_questions_of_a_text() -> None:
    assert questions("Noted. Do you have a hamster? Fine.") == "Do you have a hamster?"
    assert asks("where do I live")
    assert not asks("Where the wild things are is my book")
