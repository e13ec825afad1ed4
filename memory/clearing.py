"""Whether somebody asks to have everything about them forgotten: "forget all you know about me". Pure functions.

One word more, as in "forget everything about my job", and it is not everything that is meant. So every telling word of
the clause must be one that such a request is made of, in one of a dozen languages.
"""

import re

from coterie.memory.compare import asks_to_forget, telling
from coterie.memory.words import words

# Without accents, as words() gives them.
_EVERYTHING = frozenset(
    "everything anything all alles tout todo toda tudo tutto все всего hersey seyi wszystko كل كلشيء".split()
)
_REQUEST = _EVERYTHING | frozenset(
    "forget forgot forgetting delete deleting remove removing erase erasing drop discard wipe clear clean unlearn"
    " please know knows known remember remembers remembered memory memories me myself you your have has ever want told"
    " tell said say learned learnt stored saved kept recorded information data facts right completely want would like"
    " can could must should need"
    " vergiss vergessen losche loschen streiche entferne bitte mich weisst weiss gespeichert gespeicherte gespeicherten"
    " erinnerung erinnerungen daten hast habe gesagt uber sollst kannst vergeet verwijder over mij weet herinneringen"
    " gegevens alsjeblieft glom"
    " olvida olvidalo olvide borra borralo elimina sobre mi sabes sabe recuerdas recuerdos memoria memorias datos favor"
    " dije dicho quiero esquece esqueca apaga apague remova mim sabes lembra lembrancas dados disse"
    " ce que tu te toi sur che quello quanto"
    " oublie oubliez efface effacez supprime supprimez moi sais savez souvenirs souviens memoire donnees plait dit"
    " dimentica dimenticalo cancella cancellalo rimuovi sai ricordi ricordo dati favore detto di su"
    " забудь забудьте удали удалите сотри обо мне меня про знаешь знаете помнишь помните память данные пожалуиста что"
    " unut sil hakkimda bildigin bildiginiz lutfen her zapomnij usun mnie wiesz o prosze انس احذف عني تعرفه".split()
)
_NOT = frozenset(
    "not never don dont except excluding apart only but nicht nie ausser bis niet behalve nao nunca exceto menos no"
    " jamas excepto salvo ne pas jamais sauf non mai tranne eccetto не никогда кроме oprocz haric".split()
)
_EVERYTHING_IN_CHARACTERS = re.compile("全部|所有|一切|すべて|全て|모두|전부|모든")
_LONGEST_IN_CHARACTERS = 30


def asks_to_forget_everything(text: str) -> bool:
    """Whether one of the text's clauses asks for that, and no word of its sentence takes it back.

    >>> asks_to_forget_everything("I'm off. Please forget everything you know about me!")
    True
    >>> asks_to_forget_everything("Forget everything about my job."), asks_to_forget_everything("Don't forget it all!")
    (False, False)
    """
    return any(map(_asks, re.split(r"[.!?。！？\n]+", text)))


def _asks(sentence: str) -> bool:
    if _NOT & set(words(sentence)):
        return False
    return any(map(_is_request, re.split(r"[,;:、，]", sentence)))


def _is_request(clause: str) -> bool:
    if not asks_to_forget(clause):
        return False
    if _EVERYTHING_IN_CHARACTERS.search(clause):
        return len(clause) <= _LONGEST_IN_CHARACTERS
    found = set(words(clause))
    return bool(found & _EVERYTHING) and set(telling(clause)) <= _REQUEST
