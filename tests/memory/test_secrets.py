import pytest

from coterie.memory.secrets import find_secret, is_card_number, masked
from tests.support.lists import BENIGN, labelled

SECRETS = [
    "My password is hunter2!",
    "password: correct horse",
    "the Wi-Fi password for the office is Tr0ub4dor&3",
    "Mein Passwort lautet geheim99!",
    "a senha do banco é abc123",
    "my PIN is 4711",
    "密码是abc12345",
    "api_key=0123456789abcdef",
    "The key is sk-proj-abcdefghijklmnop1234",
    "AKIAIOSFODNN7EXAMPLE",
    "token ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "xoxb-123456789012-abcdefghij",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    "postgresql://ana:s3cret@db.example.com/app",
    "postgresql://ana:s3@cret@db.example.com/app",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    "My card is 4111 1111 1111 1111",
    "Amex 378282246310005, please",
    "5555-5555-5555-4444",
    "3782 822463 10005",
]
HARMLESS = [
    "Ana lives in Lisbon",
    "Forgot her password last week",
    "Her password is old and should be changed",
    "Uses a password manager called Vault",
    "Wears a pin with a key on it",
    "Order number 1234567890123456 has not arrived",
    "Her phone is +351 912 345 678",
    "Was born on 1990-04-12 at 10:30",
    "The secret of her cake is nutmeg",
    "Has 4111 stamps and 12 albums",
    "IBAN discussions bore him",
    "Read https://example.com/a:b/c@d yesterday",
    "Works on token economics",
    "0000000000000000",
    "Bus lines 32 33 34 35 36 37 38 39 40 41 stop here",
]


@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_found_and_masked(text: str) -> None:
    kind = find_secret(text)
    assert kind is not None
    assert f"[{kind}]" in masked(text)
    assert find_secret(masked(text)) is None


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_is_left_alone(text: str) -> None:
    assert find_secret(text) is None
    assert masked(text) == text


def test_only_the_secrets_are_masked() -> None:
    text = "Ana pays with 4111 1111 1111 1111 and AKIAIOSFODNN7EXAMPLE at Acme"
    assert masked(text) == "Ana pays with [card number] and [key] at Acme"


def test_a_card_number_has_its_check_digit() -> None:
    assert is_card_number("4242 4242 4242 4242")
    assert not is_card_number("4242 4242 4242 4241")
    assert not is_card_number("42")


def test_a_password_with_an_at_sign_is_masked_whole() -> None:
    assert masked("Use postgresql://ana:s3@cret@db/app now") == "Use [password in an address]db/app now"


@pytest.mark.parametrize(("kind", "text"), labelled("secrets.txt"))
def test_every_kind_that_is_promised_is_found_and_masked(kind: str, text: str) -> None:
    assert find_secret(text) is not None
    assert find_secret(masked(text)) is None


def test_nothing_benign_is_taken_for_a_secret() -> None:
    assert len(labelled("secrets.txt")) >= 60
    assert len(BENIGN) >= 500
    assert [text for text in BENIGN if find_secret(text)] == []
    assert [text for text in BENIGN if masked(text) != text] == []


def test_a_masked_secret_leaves_nothing_of_its_value() -> None:
    said = "moje hasło to zima2024! a my seed phrase is " + "legal winner thank year " * 3
    assert not {"zima2024!", "winner"} & set(masked(said).split())
