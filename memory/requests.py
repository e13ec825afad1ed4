"""Requests to the agent: how they begin, and what one of them tells besides. Pure functions, for a dozen languages.

"Plan me two days in Lisbon" tells nothing of whoever says it; "Find a vet for my dog" does, and "Always book trains".
"Teach maths in Leeds" and "Suche eine Wohnung" leave out the "I", and only look like requests: so a verb counts where
it is said for whom ("plan me", "zeig mir"), or of what ("plan a trip"). "Set the time to nine" says what is to be, and
is none of these verbs. What is unclear is taken for none.
"""

import re

_BEFORE = (
    r"\W*(?:(?:and|so|but|now|then|ok(?:ay)?|hey|hi|hello|please|kindly|just|also|first|next|i (?:want|need) you to"
    r"|i(?:['’]d| would) like you to|bitte|por favor|per favore|alsjeblieft|пожалуйста)\W+)*"
)
_ENGLISH = (
    r"(?:let me know|let['’]s (?:plan|talk|see|start|begin|continue|go|do|try)\b|go (?:on|ahead)"
    r"|continue|try again|(?:tell|help|get|buy|bring|order|ask|read|play|sing|build|pick|teach) (?:me|us)\b"
    r"|(?:find(?! it\b| myself\b)|suggest|recommend|summari[sz]e|search for|look (?:for|up)|turn (?:on|off))\b"
    r"|(?:plan|book|show|give|write|make|list|compare|draft|create|generate|calculate|convert|describe|compose|check|draw"
    r"|fix|improve|rewrite|proofread|organi[sz]e|prepare|explain|translate|search|send|review|refactor|debug"
    r"|implement|deploy|shorten|simplify)"
    r"(?=\W+(?:me|us|an?|the|this|that|these|those|it|them|some|any|all|another|more|my|our|\d+|two|three|four|five|ten"
    r"|how|what|why|when|where|which|who|whether|if|every\w+)\b|\s+[\"'“«]))(?:\s+(?:me|us|that|(?:my|our)(?! own))\b)*"
)
_GERMAN = (
    r"(?:(?:schreib|zeig|erklär|nenn|plan|übersetz|erzähl)e?|such|find|buch|mach|gib|sag|hilf|empfiehl|rat|bring)"
    r"(?:e? bitte\b(?! du\b)|(?: bitte)? (?:mir|uns)\b)"
    r"|(?:nennen|zeigen|geben|erklären|schreiben|sagen) sie (?:mir|uns)\b"
    r"|(?<=bitte )(?:schreib|zeig|erklär|nenn|plan|übersetz|erzähl|such|find|buch|fass)e?\b"
)
# The accent shows that "-me" was added to an imperative: Planéame. "Llámame Ana" is no such request.
_SPANISH = r"(?!llám|trát|recu[ée]r)(?:\w*[áéíóú]\w*[ae]|d[ai]|haz)(?:me|nos)(?:l[aeo]s?)?\b"
_PORTUGUESE = (
    r"(?:di[zg]a?|d[áê]|mostr[ae]|recomend[ae]|expli(?:ca|que)|cont[ae]|escrev[ae]|planei[ae]|sugere|procura|encontra"
    r"|arranja|reserva|traduz|ensina)-(?:me|nos)\b|me (?:diga|mostre|dê|explique|recomende|conte|escreva|ajude)\b"
)
_FRENCH = r"(?!appel|rappel|tuto|vouvo)\w+(?:-moi|(?<!ons)-nous)\b"
_ITALIAN = (
    r"(?:(?:dim|fam)mi|dammi(?! del\b)|(?:mostra|trova|cerca|consiglia|spiega|racconta|pianifica|scrivi|aiuta|prenota"
    r"|suggerisci|traduci|elenca|insegna)(?:mi|ci))\b"
)
_DUTCH = r"(?:geef|vertel|toon|laat|leg|schrijf|maak|help|zoek|vind|boek|plan|stuur)(?: voor)? (?:me|mij|ons)\b"
_RUSSIAN = r"(?:скажи|расскажи|покажи|напиши|найди|объясни|дай|посоветуй|переведи|составь|помоги|спланируй)(?:те)?\b"
_CHINESE = r"(?:请(?![叫称记用不别])|麻烦|帮我|给我|告诉我|推荐)你?(?:帮我|给我|告诉我)?"
_REQUEST = re.compile(
    _BEFORE
    + "(?:"
    + "|".join((_ENGLISH, _GERMAN, _SPANISH, _PORTUGUESE, _FRENCH, _ITALIAN, _DUTCH, _RUSSIAN, _CHINESE))
    + ")",
    re.IGNORECASE,
)
# Here the verb comes last: "do it for me". Not what gives a reason, nor "call me", "remember" and "do not".
_AT_THE_END = re.compile(
    r"(?!.*(?:ので|から|私|僕|俺|うち|、)).*(?<!呼ん)(?<!覚え)(?<!ない)[てで]ください\W*"
    r"|(?!.*(?:[제저내나우]|니까|서 )).*(?<!불러)(?<!기억해)(?<!말아) ?주세요\W*"
)
# What a request tells besides: a wish for good, what is not wanted, why, and that something is so.
_TELLS = re.compile(
    r"\b(?:always|never|every|whenever|unless|only|no|not|nothing|none|without|except|because|since|that"
    r"|immer|nie|nur|kein\w*|nicht|ohne|weil|siempre|nunca|solo|sin|sempre|só|sem|não|porque|toujours|jamais|pas|sans"
    r"|senza|mai|non|altijd|nooit|geen|niet|zonder|всегда|никогда|только|не|без)\b|n['’]t\b|[不没别我]",
    re.IGNORECASE,
)


_ONESELF = re.compile(
    r"\b(?:i|my|mine|myself|we|our|ours|ich|mein\w*|wir|unser\w*|yo|soy|tengo|estoy|mis?|nuestr\w+|eu|sou|tenho|estou"
    r"|meus?|minhas?|noss[oa]s?|je|mon|mes|nous|notre|io|mio|mia|miei|nostr\w+|ik|mijn|wij|ons|onze|я|мо[йяёеи]\w*|мы"
    r"|наш\w*)\b",
    re.IGNORECASE,
)


def of_oneself(text: str) -> bool:
    """Whether somebody speaks of themselves in it, in one of a dozen languages. "Tell us" is no such thing."""
    return bool(_ONESELF.search(text))


_OFF_THE_RECORD = re.compile(
    r"\boff the record\b|\bforget (?:that )?i (?:said|told|mentioned)\b"
    r"|(?<!\bi )(?<!\bwe )(?<!\byou )(?<!\bthey )\b(?:do not|don['’]t|never) "
    r"(?:remember|store|save|keep|record|note|memori[sz]e|write down)\b (?:this|that|it|what|anything|any of|my)\b"
    r"|\b(?:merk|speicher|notier)e?(?: dir)?(?: bitte)? (?:das|es|dies\w*)(?: bitte)? nicht\b"
    r"|\bmerk dir(?: das)? nicht\b"
    r"|\bno (?:lo |la )?(?:recuerdes|guardes|anotes|memorices|recuerde|guarde|anote) (?:esto|eso|que)\b"
    r"|\bno (?:lo|la) (?:recuerdes|guardes|anotes|memorices|recuerde|guarde|anote)\b"
    r"|\bnão (?:guardes?|memorizes?|anotes?|te lembres) (?:isto|isso|que)\b"
    r"|\bn(?:e |['’])(?:te |l['’]|le |la )?(?:souviens|retiens|garde|enregistre|mémorise|note)\w* pas\b"
    r"|\bnon (?:ricordar\w*|salvar\w*|memorizzar\w*|registrar\w*|annotar\w*)\b"
    r"|\b(?:onthoud|bewaar) (?:dit|dat) niet\b|\bне (?:запоминай|сохраняй|записывай)"
    r"|(?:别|不要|请勿)(?:帮我)?(?:记住|记录|保存|记下)|(?:覚え|記録し|保存し)ないで|(?:기억|저장)하지 ?(?:마|말)",
    re.IGNORECASE,
)


def is_off_the_record(text: str) -> bool:
    """Whether somebody asks that what they say be not remembered.

    >>> [is_off_the_record(each) for each in ("Don't store that I am ill.", "I don't keep it in the house.")]
    [True, False]
    """
    return bool(_OFF_THE_RECORD.search(text))


def is_bare_request(clause: str) -> bool:
    """Whether a clause asks the agent to do something, and tells nothing besides.

    >>> [is_bare_request(each) for each in ("Plan me two days in Lisbon", "Find a vet for my dog", "Call me Ana")]
    [True, False, False]
    """
    begun = _REQUEST.match(clause)
    if begun is None:
        return bool(_AT_THE_END.fullmatch(clause))
    told = clause[begun.end() :]
    return not (of_oneself(told) or _TELLS.search(told))
