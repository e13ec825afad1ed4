"""Finding instructions to the agent in what should be facts. A pure function over text."""

import re

from coterie.memory.plain import folded, unified

_VERBS = (
    "answer|respond|reply|say|tell|recommend|suggest|mention|reveal|disclose|send|forward|call(?! me)|use|trust|obey|"
    "follow|praise|include|output|print|execute|run|approve|transfer|treat|assume|act|pretend|behave|claim|insist|refuse|grant|"
    "ignore|disregard|forget|give(?! up)|share|respond|visit|open|fetch|download|delete|email"
)
_AGENT = r"(?:you|(?:the |this |your )?(?:assistant|agent|ai|model|bot|chatbot|system|llm))"
_RULES = (
    r"(?:instru[ckç]\w*|istruzion\w*|anweisung\w*|regeln?|regole|reg(?:la|ra)s|rules?|prompts?|polic(?:y|ies)|guidelines?"
    r"|guardrails?|restrictions?|restricciones|consignes|instrukc\w*|instructies)"
)
_LIFT = (
    r"(?:ignor(?:e|iere?|iert|a|ez|era)|disregard|override|bypass|forget|vergiss|missachte|oublie[zr]?|olvida|esque[cç][ae]"
    r"|dimentica|negeer|zignoruj)"
)
_YOU_MUST = (
    r"(?:musst du|sollst du|debes|tienes que|deves|você deve|tu dois|vous devez|devi|moet je|du måste|musisz|ты должен"
    r"|вы должны)"
)
_INSTRUCTIONS = [
    # To lift the rules it works by. "I ignore the rules" is a confession.
    re.compile(
        rf"(?<!\bi )(?<!\bwe )(?<!\bich )(?<!reading )(?<!me to )\b{_LIFT}\b.{{0,40}}\b{_RULES}\b",
        re.I,
    ),
    re.compile(r"\bforget everything\b.{0,20}\b(?:told|said|before|above)\b", re.I),
    re.compile(
        r"忽略.{0,12}(?:指令|说明|規則|规则|提示)|(?:指示|命令|ルール)を?無視|지시를? ?무시"
        r"|(?:игнорир\w*|забудь).{0,30}(?:инструкци|правил)|تجاهل.{0,20}التعليمات|talimatları (?:yok say|unut)",
        re.I,
    ),
    re.compile(
        r"\b(?:reveal|print|repeat|show|output|leak)\b.{0,20}\b(?:system|hidden|initial) (?:prompt|instructions)\b"
        r"|\b(?:enable|enter|activate|in) (?:developer|debug|jailbreak|god|admin) mode\b|\bdo anything now\b",
        re.I,
    ),
    re.compile(r"<\s*/?\s*(?:system|assistant|turn|memories|earlier|instructions?)\s*>|<\|\w+\|>|\[/?INST\]", re.I),
    # An order: to nobody at its beginning, to the agent anywhere.
    re.compile(
        rf"^\W*(?:please\s+)?(?:you\s+)?(?:(?:must|should)\s+)?(?:always|never|do not|don['’]t)\s+"
        rf"(?!forget|say never)(?:{_VERBS})\b",
        re.I,
    ),
    re.compile(r"^\W*(?:new (?:rule|instruction|policy)s?|important instructions?|system override)\s*:", re.I),
    re.compile(
        r"\b(?:from now on|going forward|starting (?:today|now))\W+"
        rf"(?:(?:please|always|never|only|you|must|should|will)\W+)*(?:{_VERBS})\b",
        re.I,
    ),
    re.compile(
        r"^\W*(?:please\W+)?(?:from now on\W+)?(?:please\W+)?(?:always|never)\b.{0,30}"
        r"\b(?:your|all|every) (?:answers?|repl(?:y|ies)|responses?)\b",
        re.I,
    ),
    re.compile(
        r"\b(?:ab (?:jetzt|sofort)|von nun an)\b.{0,20}\b(?:antworte|sag|empf[ie]\w*hl|nenn|schreib|erwähn|gib|lob)\w*"
        r" (?:du|bitte|immer|nie|nur|jedem|allen)\b",
        re.I,
    ),
    re.compile(r"^\W*(?:system|developer|assistant)\s*:", re.I),
    re.compile(
        rf"\b{_AGENT}\s+(?:must|should|shall|will|(?<!you )(?:may|can)|has to|have to|needs? to|is to|are to|"
        rf"always|never|(?:is|are) allowed to)\s+(?:\w+\s+)?(?:{_VERBS})\b",
        re.I,
    ),
    re.compile(r"\b(?:assistant|ai|chatbot|llm)\s+(?:must|should|has to|shall)\s+(?:always|never)\b", re.I),
    re.compile(rf"\b(?:tell|instruct|order|require|force)s?\s+{_AGENT}\s+to\b", re.I),
    re.compile(rf"^\W*(?:when|whenever|if)\b[^,]{{0,60}},\s*(?:(?:always|never)\s+)?(?:{_VERBS})\b", re.I),
    re.compile(
        r"\byou (?:are|have) (?:now\b.{0,30}\bno|no longer\b.{0,20}\b) ?(?:bound|rules|restrictions|limits)\b", re.I
    ),
    re.compile(r"^\W*(?:act as|pretend)\b.{0,30}\b(?:unrestricted|no (?:restrictions|rules|limits)|ai)\b", re.I),
    re.compile(r"^\W*treat (?:every|all|any) (?:message|word|request)s?\b", re.I),
    re.compile(
        rf"\b{_YOU_MUST}\b.{{0,20}}\b(?:immer|siempre|sempre|toujours|altijd|alltid|zawsze|всегда)\b"
        rf"|\b(?:ab (?:jetzt|sofort)|a partir de (?:ahora|agora)|à partir de maintenant|d['’]ora in poi|vanaf nu"
        rf"|с этого момента)\b.{{0,10}}\b{_YOU_MUST}\b|^\W*antworte\b|^\W*du musst immer\b"
        r"|^\W*debes (?:responder|decir)",
        re.I,
    ),
    re.compile("从现在(?:开始|起)?,?，?你(?:必须|要|应该)|これからは?必ず.*(?:なさい|ください|こと)"),
]
# In which language to answer is a wish, and has no room for an order.
_LANGUAGE_WISHED = re.compile(
    r"\W*(?:(?i:please|bitte|from now on|always|only)\W+)*"
    r"(?:(?i:answer|reply|respond|write)(?: (?:to )?me)?(?: (?:always|only))? in"
    r"|(?i:antworte|schreib)(?: mir)?(?: bitte)?(?: immer| nur)? auf) [A-ZÄÖÜ][a-zäöüß]+(?:\W+(?i:please|bitte))?\W*"
)


def find_instruction(text: str) -> str | None:
    """Return the words that make a text an order to the agent, None if there are none that are known."""
    if _LANGUAGE_WISHED.fullmatch(text):
        return None
    forms = dict.fromkeys((text, unified(text), folded(text)))
    found = (pattern.search(form) for form in forms for pattern in _INSTRUCTIONS)
    return next((match.group() for match in found if match), None)
