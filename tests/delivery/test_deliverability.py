"""What the DNS says of a domain: each fault is named and mended, and silence is never taken for good."""

import base64
from typing import Any

import dns.message
import dns.resolver
import pytest

from delivery.deliverability.dns import Dns, LookupFailedError, SystemDns
from delivery.deliverability.findings import Finding, State, exit_code
from delivery.deliverability.report import check_domain
from tests.delivery.dns_zone import FAILS, Zone, good_zone, make_key


def check(zone: Dns, **options: object) -> list[Finding]:
    facts: dict[str, object] = {"selectors": ["s1"], "senders": ["shop.example"], **options}
    return check_domain("shop.example", zone, **facts)  # type: ignore[arg-type]  # options of a test


def states(findings: list[Finding], name: str) -> list[State]:
    return [finding.state for finding in findings if finding.check == name]


def test_a_domain_as_it_should_be_has_no_problem() -> None:
    findings = check(good_zone())
    assert {f.check: f.state for f in findings} == {
        "SPF": State.OK,
        "DKIM": State.OK,
        "DMARC": State.OK,
        "Alignment": State.OK,
        "MX": State.OK,
        "PTR": State.NOT_CHECKED,
        "Reputation": State.NOT_CHECKED,
    }
    assert exit_code(findings) == 0


@pytest.mark.parametrize("part", ["spf", "dkim", "dmarc", "mx"])
def test_a_look_up_that_fails_is_unknown_never_ok(part: str) -> None:
    findings = check(good_zone(**{part: FAILS}))
    assert states(findings, part.upper()) == [State.UNKNOWN]
    assert exit_code(findings) == 3


def test_a_look_up_that_fails_within_an_include_leaves_spf_unknown() -> None:
    zone = good_zone()
    zone.records["send.example", "TXT"] = FAILS
    assert states(check(zone), "SPF") == [State.UNKNOWN]


def test_without_a_selector_the_key_is_unknown() -> None:
    assert states(check(good_zone(), selectors=[]), "DKIM") == [State.UNKNOWN]


LONG = "v=spf1 " + " ".join(f"a:h{number}.example" for number in range(11)) + " -all"


@pytest.mark.parametrize(
    ("records", "state", "words"),
    [
        ([], State.PROBLEM, "no SPF record"),
        (["v=spf1 -all", "v=spf1 ~all"], State.PROBLEM, "2 SPF records"),
        (["v=spf1 +all"], State.PROBLEM, "everybody"),
        (["v=spf1 all"], State.PROBLEM, "everybody"),
        (["v=spf1 ip4:192.0.2.1 ?all"], State.WARNING, "no verdict"),
        (["v=spf1 ip4:192.0.2.1"], State.WARNING, "no verdict"),
        ([LONG], State.PROBLEM, "11 look-ups"),
        (["v=spf1 ptr -all"], State.WARNING, "ptr"),
        (["v=spf1 ipv4:192.0.2.1 -all"], State.PROBLEM, "ipv4:192.0.2.1 is not a mechanism"),
        (["v=spf1 include:nowhere.example -all"], State.PROBLEM, "nowhere.example"),
        (["v=spf1 include:shop.example -all"], State.PROBLEM, "includes itself"),
        (["v=spf1 redirect=send.example"], State.OK, "1 look-ups, ends in ~all"),
        (["v=spf1 include:%{i}.send.example exp=x.example -all"], State.OK, "1 look-ups"),
    ],
)
def test_spf_is_read_with_all_it_includes(records: list[str], state: State, words: str) -> None:
    findings = [f for f in check(good_zone(spf=records)) if f.check == "SPF"]
    assert state in {f.state for f in findings}
    assert any(words in f.message for f in findings)
    assert all(f.mend for f in findings if f.state is not State.OK)


def test_a_chain_of_includes_is_counted_whole_and_ends() -> None:
    records: dict[tuple[str, str], list[str] | str] = {
        (f"i{n}.example", "TXT"): [f"v=spf1 include:i{n + 1}.example -all"] for n in range(1000)
    }
    zone = Zone({**records, ("shop.example", "TXT"): ["v=spf1 include:i0.example -all"]})
    findings = check(zone)
    assert any("look-ups; ten are allowed" in f.message for f in findings)
    assert zone.asked < 100


WEAK, SHORT = make_key(1024)[1], base64.b64encode(b"short").decode()


@pytest.mark.parametrize(
    ("records", "state", "words"),
    [
        ([], State.PROBLEM, "no key"),
        (["v=DKIM1; p="], State.PROBLEM, "revoked"),
        (["v=DKIM1; k=rsa"], State.PROBLEM, "no DKIM key"),
        ([f"v=DKIM1; p={WEAK}"], State.WARNING, "1024 bits are weak"),
        ([f"v=DKIM1; p={SHORT}"], State.PROBLEM, "can't be read"),
        (["v=DKIM1; p=%%%"], State.PROBLEM, "not base64"),
        ([f"v=DKIM1; t=y; p={WEAK}"], State.WARNING, "test mode"),
        ([f"v=DKIM1; h=sha1; p={WEAK}"], State.PROBLEM, "SHA-256"),
        (["v=DKIM1; p=a", "v=DKIM1; p=b"], State.PROBLEM, "2 records"),
        ([f"v=DKIM1; k=ed25519; p={base64.b64encode(bytes(32)).decode()}"], State.WARNING, "Ed25519"),
        ([f"v=DKIM1; k=ed25519; p={SHORT}"], State.PROBLEM, "can't be read"),
        ([f"v=DKIM1; k=rsa; p={make_key()[1][:100]} {make_key()[1][100:]}"], State.OK, "good"),
    ],
)
def test_a_dkim_key_is_read_to_its_bits(records: list[str], state: State, words: str) -> None:
    (finding,) = (f for f in check(good_zone(dkim=records)) if f.check == "DKIM")
    assert finding.state is state
    assert words in finding.message


def test_a_published_key_that_is_not_ours_is_a_problem() -> None:
    assert states(check(good_zone(), own_keys={"s1": b"another"}), "DKIM") == [State.PROBLEM]
    own = base64.b64decode(make_key()[1])
    assert states(check(good_zone(), own_keys={"s1": own}), "DKIM") == [State.OK]


@pytest.mark.parametrize(
    ("records", "state", "words"),
    [
        ([], State.PROBLEM, "no DMARC record"),
        (["v=DMARC1; p=reject", "v=DMARC1; p=none"], State.PROBLEM, "2 DMARC records"),
        (["v=DMARC1; p=none; rua=mailto:r@shop.example"], State.WARNING, "only watches"),
        (["v=DMARC1; p=reject; pct=20; rua=mailto:r@shop.example"], State.WARNING, "20 %"),
        (["v=DMARC1; p=reject"], State.WARNING, "reports"),
        (["v=DMARC1; p=maybe; rua=mailto:r@shop.example"], State.PROBLEM, "policy"),
        (["v=DMARC1; rua=mailto:r@shop.example"], State.PROBLEM, "policy"),
    ],
)
def test_the_dmarc_policy_is_judged(records: list[str], state: State, words: str) -> None:
    (finding,) = (f for f in check(good_zone(dmarc=records)) if f.check == "DMARC")
    assert finding.state is state
    assert words in finding.message


def test_a_subdomain_takes_the_policy_of_its_domain() -> None:
    zone = good_zone(dmarc=["v=DMARC1; p=reject; sp=none; rua=mailto:r@shop.example"])
    findings = check_domain("news.shop.example", zone)
    (finding,) = (f for f in findings if f.check == "DMARC")
    assert "p=none" in finding.message


@pytest.mark.parametrize(
    ("sender", "policy", "state"),
    [
        ("shop.example", "v=DMARC1; p=reject; adkim=s", State.OK),
        ("news.shop.example", "v=DMARC1; p=reject", State.OK),
        ("news.shop.example", "v=DMARC1; p=reject; adkim=s", State.PROBLEM),
        ("other.example", "v=DMARC1; p=reject", State.PROBLEM),
    ],
)
def test_the_from_address_must_belong_to_whoever_signs(sender: str, policy: str, state: State) -> None:
    assert states(check(good_zone(dmarc=[policy]), senders=[sender]), "Alignment") == [state]


def test_no_mx_is_worth_a_word_and_a_null_mx_is_a_problem() -> None:
    assert states(check(good_zone(mx=[])), "MX") == [State.WARNING]
    assert states(check(good_zone(mx=["0 ."])), "MX") == [State.PROBLEM]


def test_a_named_address_is_looked_up_both_ways() -> None:
    zone = good_zone()
    assert states(check(zone, ip="192.0.2.7"), "PTR") == [State.PROBLEM]
    zone.records["7.2.0.192.in-addr.arpa", "PTR"] = ["mail.shop.example."]
    assert states(check(zone, ip="192.0.2.7"), "PTR") == [State.PROBLEM]
    zone.records["mail.shop.example", "A"] = ["192.0.2.7"]
    assert states(check(zone, ip="192.0.2.7"), "PTR") == [State.OK]
    zone.records["mail.shop.example", "A"] = FAILS
    assert states(check(zone, ip="192.0.2.7"), "PTR") == [State.UNKNOWN]


ERRORS: Any = dns.resolver  # its exceptions are not typed


class _Failing(dns.resolver.Resolver):
    def __init__(self, error: Exception) -> None:
        super().__init__(configure=False)
        self._error = error

    def resolve(self, *_: object, **__: object) -> dns.resolver.Answer:
        raise self._error


@pytest.mark.parametrize(
    "error", [ERRORS.LifetimeTimeout(timeout=1, errors=[]), ERRORS.NoNameservers(), OSError()]
)
def test_the_resolver_tells_silence_from_absence(error: Exception) -> None:
    with pytest.raises(LookupFailedError):
        SystemDns(_Failing(error)).read("shop.example", "TXT")
    assert SystemDns(_Failing(ERRORS.NXDOMAIN())).read("shop.example", "TXT") == []
    assert (
        SystemDns(_Failing(ERRORS.NoAnswer(response=dns.message.Message()))).read("shop.example", "TXT") == []
    )
