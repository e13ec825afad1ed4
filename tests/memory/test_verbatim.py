from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from coterie.memory.chatter import is_statement
from coterie.memory.evidence import CurationLimits
from coterie.memory.flow import drive
from coterie.memory.values import Message, Turn
from coterie.memory.verbatim import VerbatimCurator


def kept(*messages: Message, limits: CurationLimits = CurationLimits()) -> list[str]:  # noqa: B008  # frozen
    turn = Turn("t", "s", "r", messages, datetime(2024, 5, 16, tzinfo=UTC), "ana")
    proposals = drive(VerbatimCurator(limits).propose(turn, [], []))
    assert all(proposal.op == "add" for proposal in proposals)
    return [proposal.memory for proposal in proposals]


def test_the_users_statements_are_kept_as_said() -> None:
    said = "Hi there! I'm Ana, and I don't eat meat. What should I cook? My sister visits on Friday.\nThanks a lot!"
    assert kept(Message("user", said), Message("assistant", "Try a risotto. It is easy.")) == [
        "I'm Ana, and I don't eat meat.",
        "My sister visits on Friday.",
    ]


def test_the_speakers_name_stands_in_front() -> None:
    assert kept(Message("user", "I moved to Berlin.", "Ana"), Message("user", "I stayed.", "Ben")) == [
        "Ana: I moved to Berlin.",
        "Ben: I stayed.",
    ]


def test_only_the_user_is_quoted() -> None:
    others = [
        Message("assistant", "You live in Lisbon."),
        Message("tool", "Lisbon is sunny."),
        Message("system", "Be."),
    ]
    assert kept(*others) == []


@pytest.mark.parametrize(
    "text",
    [
        "What is the capital of France?",
        "¿Dónde está la estación?",
        "東京はどこですか？",
        "ما هو اسمك؟",
        "Πού είναι ο σταθμός;",
        '"Is it raining?"',
        "can you help me with my tax form",
        "Hello!",
        "Good morning, how nice!",
        "Thank you so much!",
        "Yes, exactly!",
        "ok",
        "Bom dia!",
        "Muchas gracias!",
        "Vielen Dank!",
        "Merci beaucoup !",
        "Спасибо большое!",
        "谢谢！",
        "ありがとうございます。",
        "감사합니다.",
        "👍👍",
        "Thanks, Mel!",
        "Hey Joanna!",
        "That's great Tim!",
        "Good luck!",
        "No worries, John.",
        "...",
    ],
)
def test_questions_greetings_and_chatter_are_left_out(text: str) -> None:
    assert not is_statement(text)


@pytest.mark.parametrize(
    "text",
    [
        "I like hiking.",
        "My name is John Doe",
        "No nuts for me, please.",
        "Yes, I have two cats.",
        "Yes, Lisbon.",
        "I'm Ana.",
        "Good luck is what I need in Lisbon",
        "I got a job.",
        "I deleted my old account.",
        "Sou a Marta e moro no Porto.",
        "Ich wohne in Wien.",
        "Я живу в Москве.",
        "我住在上海。",
        "東京に住んでいます。",
        "서울에 살아요.",
        "أعيش في القاهرة.",
        "ฉันอยู่กรุงเทพ และชอบแมว",
    ],
)
def test_statements_of_any_language_are_kept(text: str) -> None:
    assert is_statement(text)
    assert kept(Message("user", text)) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Forget about the boat, please.",
        "Please forget that I play the piano, I gave it up.",
        "Vergiss bitte das mit meiner Tochter.",
        "Olvida lo del gato.",
        "Remember that, please!",
        "Merk dir das!",
    ],
)
def test_what_is_to_be_forgotten_or_remembered_is_no_statement(text: str) -> None:
    assert not is_statement(text)
    assert is_statement("I forget names easily.")
    assert is_statement("Remember that I live in Lisbon.")


@pytest.mark.parametrize(
    "text",
    [
        "Do not remember this: I am ill.",
        "I'm Ana. Don't store that I am pregnant.",
        "Off the record, I hate my boss.",
        "I am ill. Please don't remember that.",
        "Bitte merke dir das nicht: ich bin krank.",
        "Ich bin krank, speichere das bitte nicht.",
        "Estoy enferma. No lo guardes.",
        "No recuerdes esto: estoy enferma.",
        "Estou doente. Não guardes isso.",
        "Je suis malade, ne le retiens pas.",
        "Sono malata. Non salvarlo.",
        "Ik ben ziek. Onthoud dat niet.",
        "Я болею. Не запоминай это.",
        "我病了，别记住这个。",
        "私は病気です。覚えないでください。",
        "나는 아파요. 기억하지 마세요.",
    ],
)
def test_nothing_is_kept_of_what_is_not_to_be_remembered(text: str) -> None:
    assert kept(Message("user", text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "I don't remember my PIN.",
        "We don't keep it in the house.",
        "I never write down what I eat.",
        "Ich merke mir das nicht.",
    ],
)
def test_who_remembers_nothing_says_so(text: str) -> None:
    assert kept(Message("user", text)) == [text]


def test_code_that_is_pasted_is_no_statement() -> None:
    said = "I work on a parser.\n```python\ndef parse(text):\n    return my_tree\n```\nIt runs on Windows.\n```\nopen"
    assert kept(Message("user", said)) == ["I work on a parser.", "It runs on Windows."]


def test_a_long_sentence_is_kept_in_pieces_that_fit() -> None:
    pieces = kept(
        Message("user", " ".join(f"so I went on and on {n}" for n in range(60)), "Ana"),
        limits=CurationLimits(max_characters=200),
    )
    assert len(pieces) > 4
    assert all(len(piece) <= 200 and piece.startswith("Ana: ") for piece in pieces)


def test_of_a_huge_message_head_and_tail_are_read() -> None:
    pieces = kept(Message("user", "I am the head. " + "filler. " * 200_000 + "I am the tail."))
    assert "I am the head." in pieces
    assert "I am the tail." in pieces
    assert len(pieces) < 10


def topics(*messages: Message, before: Sequence[Turn] = ()) -> list[tuple[str, ...]]:
    turn = Turn("t", "s", "r", messages, datetime(2024, 5, 16, tzinfo=UTC), "ana")
    return [proposal.topics for proposal in drive(VerbatimCurator().propose(turn, before, []))]


def test_a_statement_has_the_words_of_the_question_it_answers() -> None:
    asked = Message("assistant", "Nice. Which hiking trails do you like best?")
    assert topics(Message("user", "I like hiking."), asked, Message("user", "The long ones.")) == [
        (),
        ("hiking", "trails", "best"),
    ]
    earlier = Turn("t0", "s", "r", (asked,), datetime(2024, 5, 15, tzinfo=UTC), "ana")
    assert topics(Message("user", "The long ones."), before=[earlier]) == [("hiking", "trails", "best")]


def test_what_is_no_question_gives_no_topics() -> None:
    told = Message("assistant", "There are hiking trails in Sintra.")
    assert topics(told, Message("user", "I like the long ones.")) == [()]
