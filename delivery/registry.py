"""From a name in the settings to a transport, imported on use: a preview needs no provider package."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from delivery.base import Transport
from delivery.configuration import ConfigurationError
from delivery.preview import PreviewStore

Settings = Mapping[str, Any]
SETTING = "PAIRWELL_TRANSPORT"
_PARTS = ("name", "validate", "send", "find_accepted", "check")


def build_transport(name: str, settings: Settings, *, store: PreviewStore) -> Transport:
    """The transport of that name: preview, smtp, sendgrid, anymail, or the dotted path of a factory.

    `settings` is the PAIRWELL mapping; `store` is where the preview keeps its mail. A factory is called as
    ``factory(settings, store=store)``. Raises ConfigurationError saying what to set; never its value.
    """
    builder = _BUILDERS.get(name) or _find_factory(name)
    transport = builder(settings, store=store)
    if missing := [part for part in _PARTS if not hasattr(transport, part)]:
        problem = f"{name} built something without {', '.join(missing)}."
        raise ConfigurationError(SETTING, problem, mend="See docs/extending-transports.md.")
    return transport


def _build_preview(settings: Settings, *, store: PreviewStore) -> Transport:
    from delivery.preview import PreviewTransport

    del settings
    return PreviewTransport(store)


def _build_smtp(settings: Settings, *, store: PreviewStore) -> Transport:
    from delivery.dkim_signing import read_signer
    from delivery.smtp import SmtpTransport

    del store
    url = _require(settings, "SMTP_URL", env="PAIRWELL_SMTP_URL", example="smtp://user:password@host:587")
    signer = read_signer(str(settings.get("DKIM_SELECTOR") or ""), str(settings.get("DKIM_KEY") or ""))
    return SmtpTransport(url, signer=signer)


def _build_sendgrid(settings: Settings, *, store: PreviewStore) -> Transport:
    from delivery.sendgrid import SendGridTransport
    from delivery.sendgrid_http import DEFAULT_HOST

    del store
    return SendGridTransport(
        _require(
            settings, "SENDGRID_API_KEY", env="SENDGRID_API_KEY", example="a key with the Mail Send right"
        ),
        str(settings.get("SENDGRID_HOST") or DEFAULT_HOST),
        recipients=int(settings.get("SENDGRID_RECIPIENTS") or 500),
        unsubscribe_group=int(settings.get("SENDGRID_UNSUBSCRIBE_GROUP") or 0),
        senders=[str(settings[key]) for key in ("FROM_EMAIL", "MARKETING_FROM_EMAIL") if settings.get(key)],
    )


def _build_anymail(settings: Settings, *, store: PreviewStore) -> Transport:
    from delivery.anymail import AnymailTransport

    del store
    example = "anymail.backends.postmark.EmailBackend"
    return AnymailTransport(
        _require(settings, "ANYMAIL_BACKEND", env="PAIRWELL_ANYMAIL_BACKEND", example=example)
    )


def _require(settings: Settings, key: str, *, env: str, example: str) -> str:
    if value := str(settings.get(key) or ""):
        return value
    raise ConfigurationError(env, "This transport needs it and it is empty.", mend=f"Set it to {example}.")


def _find_factory(path: str) -> Callable[..., Transport]:
    """The callable at a dotted path, for transports that live outside this package."""
    module, _, attribute = path.rpartition(".")
    if not module:
        problem = f"There is no transport {path!r}."
        raise ConfigurationError(SETTING, problem, mend=f"Use {', '.join(_BUILDERS)} or a dotted path.")
    try:
        factory = getattr(import_module(module), attribute)
    except (ImportError, AttributeError):
        problem = f"{path!r} can't be imported."
        raise ConfigurationError(SETTING, problem, mend="Check the path and the installation.") from None
    if not callable(factory):
        problem = f"{path!r} is not callable."
        raise ConfigurationError(SETTING, problem, mend="Name a class or a function that builds one.")
    return factory  # type: ignore[no-any-return]  # what it returns is checked by the caller


_BUILDERS: dict[str, Callable[..., Transport]] = {
    "preview": _build_preview,
    "smtp": _build_smtp,
    "sendgrid": _build_sendgrid,
    "anymail": _build_anymail,
}
