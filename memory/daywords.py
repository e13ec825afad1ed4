"""How languages name a day by its distance from today: the words that `dates` looks for.

English, German, Spanish, Portuguese, French, Italian and Dutch with periods and counts; the days alone, and some
more, of Swedish, Polish, Russian, Turkish, Chinese, Japanese and Korean.
"""

import re
from typing import Literal

Unit = Literal["day", "week", "month", "year", "weekend"]


def _any(*forms: str) -> str:
    """A pattern of any of these, as whole words; those of scripts without spaces anywhere."""
    spaced = [form for form in forms if not _NO_SPACES.match(form)]
    dense = [form for form in forms if _NO_SPACES.match(form)]
    return "|".join([rf"(?<![\w-])(?:{'|'.join(spaced)})(?!\w)"] * bool(spaced) + dense)


_NO_SPACES = re.compile(r"(?:\(\?<!.*?\))?\(?[\u3040-\u9fff\uac00-\ud7af]")
# "every morning", "la mañana", "goede morgen" and their like are parts of a day.
_PART = "".join(
    rf"(?<!\b{before} )"
    for before in "la esta cada una toda otra de tu por en a el elke goede deze iedere guten jeden am diesen".split()
)
_TIME = r"(?: (?:morning|afternoon|evening|night))?"
_DEL_DIA = "(?: por la (?:mañana|tarde|noche))?"
_ZEIT = r"(?: (?:morgen|früh|vormittag|mittag|nachmittag|abend|nacht))?"

DAYS = [
    (
        0,
        _any(
            "today|tonight|this (?:morning|afternoon|evening)",
            f"heute{_ZEIT}|hoy|esta (?:noche|mañana|tarde)|hoje(?: à noite)?|esta (?:noite|manhã)",
            "aujourd['’]hui|ce (?:soir|matin)|cet après-midi|oggi|stasera|stamattina",
            "vandaag|vanavond|vanochtend|vanmiddag|i ?dag|dziś|dzisiaj|сегодня|bugün",
            "今天|今晚|今早|今日(?!は[、,！!。]?$)|今朝|今夜|오늘",
        ),
    ),
    (
        -1,
        _any(
            f"yesterday{_TIME}|last night|gestern{_ZEIT}|ayer{_DEL_DIA}|anoche|ontem(?: à noite)?|hier (?:soir|matin)",
            "ieri(?: (?:sera|mattina))?|gister(?:en|avond|ochtend|middag)|i ?går|wczoraj|вчера|dün",
            "昨天|昨晚|昨日|昨夜|きのう|어제",
        ),
    ),
    (
        1,
        _any(
            f"(?<!after )tomorrow{_TIME}|{_PART}mañana{_DEL_DIA}|(?<!depois de )amanhã|demain(?: (?:soir|matin))?",
            rf"{_PART}morgen(?: (?:früh|vormittag|mittag|nachmittag|abend|avond|ochtend|middag)|(?=\s+[a-zäöü]))",
            f"domani|{_PART}morgen(?=[.,;!?]|$)|i ?morgon|jutro|завтра|yarın",
            "明天|明晚|明日|あした|내일",
        ),
    ),
    (
        -2,
        _any(
            "(?:the )?day before yesterday|vorgestern|anteayer|antier|antes de ayer|anteontem|avant-hier",
            "l['’]altro ieri|eergisteren|przedwczoraj|позавчера|(?<![以从大])前天|一昨日|おととい|그저께",
        ),
    ),
    (
        2,
        _any(
            "(?:the )?day after tomorrow|übermorgen|pasado mañana|depois de amanhã|après-demain|dopodomani|overmorgen",
            "pojutrze|послезавтра|后天(?!性)|後天(?!性)|明後日|あさって|모레",
        ),
    ),
]
"""How many days away, and the words for it."""

FRENCH_YESTERDAY = _any("hier")
"""In French; in German and Dutch it is a place."""

PERIODS: dict[tuple[Unit, int], str] = {
    ("week", -1): _any(
        "(?:this )?(?:last|past) week|(?:letzte|vorige|vergangene)n? woche|(?:la )?semana pasada|(?:a )?semana passada",
        "la semaine (?:dernière|passée)|la settimana scorsa|la scorsa settimana|(?:vorige|afgelopen) week",
        "на прошлой неделе|w zeszłym tygodniu|förra veckan",
        "上(?:个)?(?:周|星期)(?![一二三四五六日天末])|先週|지난주",
    ),
    ("week", 0): _any(
        "this week|diese woche|esta semana|cette semaine|questa settimana|deze week|на этой неделе",
        "(?:这|本)(?:个)?(?:周|星期)(?![一二三四五六日天末])|今週",
    ),
    ("week", 1): _any(
        "next week|(?:nächste|kommende)n? woche|(?:la |a )?(?:próxima semana|semana (?:que v[ie]+ne?m?|próxima))",
        "la semaine prochaine|la settimana prossima|la prossima settimana|(?:volgende|komende) week",
        "на следующей неделе|w przyszłym tygodniu|nästa vecka",
        "下(?:个)?(?:周|星期)(?![一二三四五六日天末])|来週|다음 ?주",
    ),
    ("month", -1): _any(
        "last month|(?:letzten|vorigen|vergangenen) monat|(?:el |o )?mes pasado|(?:o )?mês passado",
        "le mois dernier|il mese scorso|lo scorso mese|(?:vorige|afgelopen) maand|в прошлом месяце|w zeszłym miesiącu",
        "上个?月|先月",
    ),
    ("month", 0): _any(
        "this month|diesen monat|este m[eê]s|ce mois-ci|questo mese|deze maand|в этом месяце", "这个月|今月"
    ),
    ("month", 1): _any(
        "next month|(?:nächsten|kommenden) monat|(?:el |o )?(?:próximo m[eê]s|m[eê]s que v[ie]+ne?m?)|le mois prochain",
        "il mese prossimo|il prossimo mese|(?:volgende|komende) maand|в следующем месяце|w przyszłym miesiącu",
        "下个?月|来月",
    ),
    ("year", -1): _any(
        "last year|(?:letztes|voriges|vergangenes) jahr|(?:el )?año pasado|(?:o )?ano passado",
        "l['’]an(?:née)? (?:dernière?|passée?)|l['’]anno scorso|lo scorso anno|vorig jaar|w zeszłym roku",
        "в прошлом году",
        "去年|昨年|작년",
    ),
    ("year", 0): _any("this year|dieses jahr|este a[nñ]o|cette année|quest['’]anno|dit jaar|в этом году", "今年|올해"),
    ("year", 1): _any(
        "next year|(?:nächstes|kommendes) jahr|(?:el |o )?(?:próximo a[nñ]o|a[nñ]o que v[ie]+ne?m?)",
        "l['’]an(?:née)? prochaine?|l['’]anno prossimo|il prossimo anno|volgend jaar|в следующем году|w przyszłym roku",
        "明年|来年|내년",
    ),
    ("weekend", -1): _any(
        "(?:this )?(?:last|past) weekend|(?:letztes|vergangenes) wochenende|(?:el )?fin de semana pasado",
        "(?:o )?fim de semana passado|le week-end dernier|lo scorso (?:fine settimana|weekend)",
        "(?:vorig|afgelopen) weekend",
        "上周末|先週末",
    ),
}
"""A week, month, year or weekend by its distance."""

_NUMBERS = {
    word: number
    for number, each in enumerate(
        [
            "a an one ein eine einem einer eins un una uno um uma une een één",
            "two zwei dos dois duas deux due twee два две",
            "three drei tres três trois tre drie три",
            "four vier cuatro quatro quatre quattro четыре",
            "five fünf cinco cinq cinque vijf пять",
            "six sechs seis sei zes шесть",
            "seven sieben siete sete sept sette zeven семь",
            "eight acht ocho oito huit otto восемь",
            "nine neun nueve nove neuf negen девять",
            "ten zehn diez dez dix dieci tien десять",
        ],
        1,
    )
    for word in each.split()
}
_DENSE_NUMBERS = {"两": 2, "兩": 2} | {character: number for number, character in enumerate("一二三四五六七八九十", 1)}
_UNITS: dict[Unit, str] = {
    "day": "days? tage?n? días? dias? jours? giorn[oi] dag(?:en)? день дня дней",
    "week": "weeks? wochen? semanas? semaines? settiman[ae] weken неделю недели недель",
    "month": "months? monate?n? mes(?:es)? m[eê]s mois mes[ei] maand(?:en)? месяц месяца месяцев",
    "year": "years? jahre?n? años? anos? ans? années? ann[oi] jaar год года лет",
}
_DENSE_UNITS: dict[str, Unit] = {
    "天": "day",
    "日": "day",
    "周": "week",
    "星期": "week",
    "週間": "week",
    "月": "month",
    "年": "year",
}
_N = rf"(?P<number>\d{{1,3}}|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_U = rf"(?P<unit>{'|'.join('|'.join(forms.split()) for forms in _UNITS.values())})"
_DENSE = "(?P<number>[0-9]{1,3}|[一二两兩三四五六七八九十])[个個か箇ヶ]?(?P<unit>天|日|周|星期|週間|月|年)"

AGO = [
    _any(rf"{_N} {_U} (?:ago|atrás|fa|geleden|назад)"),
    _any(rf"(?:hace|há|il y a|vor) {_N} {_U}"),
    _any("(?P<unit>день|неделю|месяц|год) назад"),
    rf"{_DENSE}(?:之|以)?前",
]
"""So many days, weeks, months or years ago."""
AHEAD = [
    _any(rf"(?:dentro de|daqui a|dans|tra|fra|over|через) {_N} {_U}"),
    _any(rf"in {_N} (?P<unit>(?:day|week|month|year)s?|tage?n?|wochen?|monate?n?|jahre?n?)(?! (?:of|ago)\b|['’])"),
    _any(rf"{_N} {_U} from (?:now|today)"),
    _any("через (?P<unit>день|неделю|месяц|год)"),
    rf"{_DENSE}[后後](?!半)",
]
"""So many of them ahead, unless the sentence is in the past."""
PAST = (
    r"\b(?:\w{2,}ed|learnt|did|was|were|had|lost|read|ran|wrote|made|went|got|won|built|been|done|first|times?|once|twice"
    r"|only|habe|hatte|hat|wurde|war|mal|erste[ns]?)\b"
)
"""What makes "in two weeks" a duration."""

_WEEKDAYS = [
    "monday montag lunes segunda(?:-feira)? lundi lunedì maandag понедельник",
    "tuesday dienstag martes terça(?:-feira)? mardi martedì dinsdag вторник",
    "wednesday mittwoch miércoles quarta(?:-feira)? mercredi mercoledì woensdag среду",
    "thursday donnerstag jueves quinta(?:-feira)? jeudi giovedì donderdag четверг",
    "friday freitag viernes sexta(?:-feira)? vendredi venerdì vrijdag пятницу",
    "saturday samstag sábado samedi sabato zaterdag субботу",
    "sunday sonntag domingo dimanche domenica zondag воскресенье",
]
_W = rf"(?P<weekday>{'|'.join('|'.join(forms.split()) for forms in _WEEKDAYS)})"
LAST_WEEKDAY = [
    _any(
        rf"(?:(?:this )?(?:last|past)|letzten|vergangenen|vorigen|afgelopen|vorige|el pasado|scors[oa]|прошл\w+) {_W}"
    ),
    _any(rf"{_W} (?:pasado|passad[oa]|dernier|scors[oa])(?! mañana)"),
]
"""The last day of that name before today."""
NEXT_WEEKDAY = [
    _any(rf"(?:next|nächsten|próxim[oa]|prossim[oa]|volgende|следующ\w+|(?P<sure>coming|kommenden|komende)) {_W}"),
    _any(rf"{_W} (?:prochain|prossim[oa]|próxim[oa]|(?P<sure>que viene|que vem))"),
]
"""The next day of that name; "sure" when no later one can be meant."""
WEEKDAY_OF_WEEK = {
    number: f"(?:{words}个?(?:周|星期)|{japanese}の)(?P<weekday>[一二三四五六日天月火水木金土])(?:曜日?)?"
    for number, words, japanese in ((-1, "上", "先週"), (0, "[这本]", "今週"), (1, "下", "来週"))
}
"""The day of a week that is so many away, as Chinese and Japanese say it."""


def number(text: str | None) -> int | None:
    """Return the number that a word or digits mean; 1 for none, None for an unknown word.

    >>> number("zwei"), number("12"), number("两"), number(None)
    (2, 12, 2, 1)
    """
    if text is None:
        return 1
    found = text.casefold()
    return int(found) if found.isdecimal() else _NUMBERS.get(found, _DENSE_NUMBERS.get(found))


def unit(text: str) -> Unit:
    """Return the unit that a word means: day, week, month or year."""
    found = text.casefold()
    if found in _DENSE_UNITS:
        return _DENSE_UNITS[found]
    return next(name for name, forms in _UNITS.items() if re.fullmatch("|".join(forms.split()), found))


def weekday(text: str) -> int:
    """Return the day of the week that a word means, from 0 for Monday.

    >>> weekday("Freitag"), weekday("五"), weekday("金")
    (4, 4, 4)
    """
    found = text.casefold()
    for days in ("一二三四五六日", "月火水木金土天"):
        if found in days:
            return days.index(found)
    return next(day for day, forms in enumerate(_WEEKDAYS) if re.fullmatch("|".join(forms.split()), found))
