from datetime import date

import pytest

from coterie.memory.dates import dated, the_day

THURSDAY = date(2024, 5, 16)

# "[…]" is what is put in.
CASES = [
    "My cello exam was yesterday [2024-05-15]!",
    "Yesterday [2024-05-15] I met Ben",
    "Yesterday morning [2024-05-15] I met Ben",
    "I start tomorrow [2024-05-17].",
    "We fly the day after tomorrow [2024-05-18]",
    "I was ill the day before yesterday [2024-05-14]",
    "Today [2024-05-16] I am 40",
    "I cook tonight [2024-05-16]",
    "Last night [2024-05-15] I slept badly",
    "this morning [2024-05-16] I ran 5 km",
    "I met Ben last Friday [2024-05-10]",
    "I met Ben last Thursday [2024-05-09]",
    "I met Ben last Monday [2024-05-13] and today [2024-05-16]",
    "Next Monday [2024-05-20] I start at Acme",
    "The exam is this coming Friday [2024-05-17]",
    "I start in two weeks [2024-05-27 – 2024-06-02]",
    "In 3 days [2024-05-19] we move",
    "I moved 3 days ago [2024-05-13]",
    "I moved ten days ago [2024-05-06]",
    "I moved two weeks ago [2024-04-29 – 2024-05-05]",
    "I moved a month ago [2024-04]",
    "I moved three years ago [2021]",
    "I moved last week [2024-05-06 – 2024-05-12]",
    "I moved last month [2024-04] from Graz",
    "I moved last year [2023]",
    "We marry next year [2025]",
    "We went camping last weekend [2024-05-11 – 2024-05-12]",
    "This week [2024-05-13 – 2024-05-19] I am in Graz",
    "Gestern [2024-05-15] war ich in Graz",
    "Ich war gestern Abend [2024-05-15] in Graz",
    "Ich fahre morgen [2024-05-17] nach Linz",
    "Morgen früh [2024-05-17] fahre ich nach Linz",
    "Ich komme übermorgen [2024-05-18]",
    "Vor zwei Wochen [2024-04-29 – 2024-05-05] bin ich umgezogen",
    "Ich bin vor drei Tagen [2024-05-13] umgezogen",
    "Ich bin letzten Freitag [2024-05-10] umgezogen",
    "Ich bin letzte Woche [2024-05-06 – 2024-05-12] umgezogen",
    "Nächstes Jahr [2025] heiraten wir",
    "Ich fange in zwei Tagen [2024-05-18] an",
    "Ayer [2024-05-15] fui al médico",
    "Anoche [2024-05-15] no dormí",
    "¡Mañana [2024-05-17] empiezo en el hospital!",
    "Mañana por la mañana [2024-05-17] empiezo",
    "Pasado mañana [2024-05-18] viajo",
    "Me mudé hace tres días [2024-05-13]",
    "Me mudé la semana pasada [2024-05-06 – 2024-05-12]",
    "Me caso el año que viene [2025]",
    "Me mudé el viernes pasado [2024-05-10]",
    "Ontem [2024-05-15] fui ao médico",
    "Amanhã [2024-05-17] começo no hospital",
    "Depois de amanhã [2024-05-18] viajo",
    "Mudei-me há duas semanas [2024-04-29 – 2024-05-05]",
    "Mudei-me no mês passado [2024-04]",
    "Mudei-me na sexta-feira passada [2024-05-10]",
    "Hier [2024-05-15] j'ai vu ma sœur",
    "Avant-hier [2024-05-14] j'étais malade",
    "Je commence demain [2024-05-17]",
    "J'ai déménagé il y a trois jours [2024-05-13]",
    "J'ai déménagé la semaine dernière [2024-05-06 – 2024-05-12]",
    "Je l'ai vu lundi dernier [2024-05-13]",
    "L'année prochaine [2025] nous nous marions",
    "Aujourd'hui [2024-05-16] j'ai 40 ans",
    "Je pars dans deux jours [2024-05-18]",
    "Ieri [2024-05-15] ero a Roma",
    "Comincio domani [2024-05-17]",
    "Mi sono trasferita due settimane fa [2024-04-29 – 2024-05-05]",
    "Mi sono trasferita il mese scorso [2024-04]",
    "L'ho visto lunedì scorso [2024-05-13]",
    "Parto tra tre giorni [2024-05-19]",
    "Gisteren [2024-05-15] was ik in Utrecht",
    "Ik begin morgen [2024-05-17]",
    "Ik ben drie dagen geleden [2024-05-13] verhuisd",
    "Igår [2024-05-15] var jag i Lund",
    "Wczoraj [2024-05-15] byłem w Krakowie",
    "Вчера [2024-05-15] я был в Москве",
    "Я переехал неделю назад [2024-05-06 – 2024-05-12]",
    "Я переехал два дня назад [2024-05-14]",
    "Dün [2024-05-15] doktora gittim",
    "我昨天 [2024-05-15]去了上海",
    "我上周五 [2024-05-10]去了上海",
    "我三天前 [2024-05-13]搬家了",
    "我去年 [2023]搬家了",
    "昨日 [2024-05-15]東京に行きました",
    "先週の金曜日 [2024-05-10]に引っ越しました",
    "어제 [2024-05-15] 서울에 갔어요",
    # What is ambiguous, a name, a duration or a part of the day stays as it is.
    "We meet on Friday",
    "We meet next Friday",
    "I may see the sun on my way",
    "I love the song Yesterday by the Beatles",
    "I read USA Today",
    "I learnt chess in two weeks",
    "In two years I visited 12 countries",
    "I go there twice in a week",
    "A few days ago I moved",
    "I have two cats and a dog",
    "Ich wohne hier",
    "Ik woon hier in Utrecht",
    "Jeden Morgen trinke ich Tee",
    "Guten Morgen zusammen!",
    "Elke morgen drink ik thee",
    "Por la mañana tomo té",
    "Trabajo de la mañana a la noche",
    "Ho tre gatti",
    "Mi hijo tiene 3 años",
    "Tenho 3 anos de experiência",
    "I was at a day-long course",
    "以前我住在上海",
    "Had her exam on 2024-03-01",
    # It has its day already.
    "Yesterday (2024-05-15) I met Ben",
    "I met Ben yesterday, on 2024-05-15",
]


@pytest.mark.parametrize("case", CASES)
def test_days_are_put_beside_the_words_for_them(case: str) -> None:
    said = "".join(part.partition("]")[2] if "]" in part else part.rstrip(" ") for part in _split(case))
    assert dated(said, THURSDAY) == case.replace("[", "(").replace("]", ")")


def _split(case: str) -> list[str]:
    """The case without what is put in, in parts."""
    return [part if place == 0 else f"]{part.partition(']')[2]}" for place, part in enumerate(case.split(" ["))]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("My exam was yesterday", date(2024, 5, 15)),
        ("My exam was yesterday, just yesterday", date(2024, 5, 15)),
        ("Petra had her exam on 2024-03-01", date(2024, 3, 1)),
        ("My exam was yesterday (2024-05-15)", date(2024, 5, 15)),
        ("Gestern war ich in Graz", date(2024, 5, 15)),
        ("I was there yesterday and go again tomorrow", None),
        ("I moved last month", None),
        ("I was ill last week, yesterday too", None),
        ("I live in Graz", None),
        ("From 2024-03-01 to 2024-03-04 in Graz", None),
        ("Born on 2024-13-45", None),
        ("999 years ago", None),
    ],
)
def test_the_one_day_that_is_meant(text: str, day: date | None) -> None:
    assert the_day(text, THURSDAY) == day


def test_a_statement_that_has_its_days_gets_none_again() -> None:
    once = dated("Yesterday I ran, last week too, and I moved three years ago", THURSDAY)
    assert dated(once, THURSDAY) == once
    assert dated(once, date(2025, 1, 1)) == once


def test_months_and_years_end_where_they_end() -> None:
    assert dated("last month", date(2024, 1, 31)) == "last month (2023-12)"
    assert dated("next month", date(2024, 1, 31)) == "next month (2024-02)"
    assert dated("yesterday", date(2024, 3, 1)) == "yesterday (2024-02-29)"
    assert dated("tomorrow", date(9999, 12, 31)) == "tomorrow"
