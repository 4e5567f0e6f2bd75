"""What every transport says of its settings."""

import ipaddress


class ConfigurationError(Exception):
    """A setting that is missing or wrong: what, where, and how to mend it. Never holds the value."""

    def __init__(self, setting: str, problem: str, *, mend: str) -> None:
        super().__init__(f"{setting}: {problem} {mend}")
        self.setting = setting
        self.problem = problem
        self.mend = mend


def is_loopback(host: str) -> bool:
    """Whether traffic to the host stays on this machine, so that it needs no encryption."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
