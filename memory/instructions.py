"""Finding instructions to the agent in what should be facts. A pure function over text."""

import re

from coterie.memory.plain import unified

_VERBS = (
    "answer|respond|reply|say|tell|recommend|suggest|mention|reveal|disclose|send|forward|call(?! me)|use|trust|obey|"
    "follow|praise|include|output|print|execute|run|approve|transfer|treat|assume|act|pretend|behave|claim|insist|refuse|grant|"
    "ignore|disregard|forget|give|share|respond|visit|open|fetch|download|delete|email"
)
_AGENT = r"(?:you|(?:the |this |your )?(?:assistant|agent|ai|model|bot|chatbot|system|llm))"
_INSTRUCTIONS = [
    # To lift the rules it works by.
    re.compile(
        r"\b(?:ignor\w*|disregard\w*|overrid\w*|bypass\w*|forget|vergiss|oublie\w*|olvida\w*|esque[cç]\w*)\b.{0,40}"
        r"\b(?:instru[ckç]\w*|anweisung\w*|rules?|prompts?|polic(?:y|ies)|guidelines?|guardrails?|restrictions?)\b",
        re.I,
    ),
    re.compile(
        r"忽略.{0,12}(?:指令|说明|規則|规则|提示)|(?:指示|命令)を?無視|игнорир\w*.{0,30}(?:инструкци|правил)",
        re.I,
    ),
    re.compile(r"\b(?:system prompt|developer mode|jailbreak\w*|do anything now)\b", re.I),
    re.compile(r"<\s*/?\s*(?:system|assistant|turn|memories|earlier|instructions?)\s*>|<\|\w+\|>|\[/?INST\]", re.I),
    # An order: to nobody at its beginning, to the agent anywhere.
    re.compile(
        rf"^\W*(?:please\s+)?(?:you\s+)?(?:(?:must|should)\s+)?(?:always|never|do not|don['’]t)\s+(?:{_VERBS})\b", re.I
    ),
    re.compile(r"^\W*(?:new (?:rule|instruction|policy)s?|important instructions?)\b", re.I),
    re.compile(rf"\bfrom now on\W+(?:(?:please|always|never|only|you|must|should)\W+)*(?:{_VERBS})\b", re.I),
    re.compile(r"^\W*(?:system|developer|assistant)\s*:", re.I),
    re.compile(
        rf"\b{_AGENT}\s+(?:must|should|shall|will|may|can|has to|have to|needs? to|is to|are to|always|never|"
        rf"(?:is|are) allowed to)\s+(?:\w+\s+)?(?:{_VERBS})\b",
        re.I,
    ),
    re.compile(rf"\b(?:tell|instruct|order|require|force)s?\s+{_AGENT}\s+to\b", re.I),
]


def find_instruction(text: str) -> str | None:
    """Return the words that make a text an order to the agent, None if there are none that are known."""
    forms = dict.fromkeys((text, unified(text)))
    found = (pattern.search(form) for form in forms for pattern in _INSTRUCTIONS)
    return next((match.group() for match in found if match), None)
