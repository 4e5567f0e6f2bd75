"""One settings file, steered by the environment. Defaults run a demo on SQLite with no services."""

from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from django.utils.translation import gettext_lazy as _

from config.env import read_bool, read_int, read_json, read_list, read_str

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(read_str("PAIRWELL_VAR_DIR", str(BASE_DIR / "var")))

INSECURE_KEY = "insecure-key-for-the-demo-and-the-tests-only"
SECRET_KEY = read_str("PAIRWELL_SECRET_KEY", INSECURE_KEY)
DEBUG = read_bool("PAIRWELL_DEBUG", default=False)
ALLOWED_HOSTS = read_list("PAIRWELL_ALLOWED_HOSTS", "127.0.0.1,localhost,testserver")
CSRF_TRUSTED_ORIGINS = read_list("PAIRWELL_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "anymail",
    "config",
    "shop",
    "audience",
    "experiments",
    "recommendations",
    "campaigns",
    "triggers",
    "privacy",
    "dashboard",
    "demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ]
        },
    }
]

# Measured: deferred transactions lose half of the writes to "database is locked", immediate ones none.
# synchronous=FULL because the intent to send must survive a power cut.
SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000;",
}
DATABASE_URL = read_str("DATABASE_URL", f"sqlite:///{VAR_DIR / 'pairwell.sqlite3'}")
DATABASES: dict[str, Any] = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60)}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = SQLITE_OPTIONS
    VAR_DIR.mkdir(parents=True, exist_ok=True)
elif DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
    DATABASES["default"]["ENGINE"] = "config.postgresql"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("fa", _("Persian")),
    ("ar", _("Arabic")),
    ("he", _("Hebrew")),
    ("ru", _("Russian")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = Path(read_str("PAIRWELL_STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
LOGIN_URL = "dashboard:login"
LOGIN_REDIRECT_URL = "dashboard:overview"
LOGOUT_REDIRECT_URL = "dashboard:login"

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = read_bool("PAIRWELL_HTTPS", default=False)
SECURE_SSL_REDIRECT = read_bool("PAIRWELL_HTTPS", default=False)
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_SSL_REDIRECT else 0
# Only this host: what the shop's other subdomains do is not ours to decide.
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = False
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if read_bool("PAIRWELL_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
WHITENOISE_USE_FINDERS = DEBUG
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Mail leaves through the outbox or not at all; Django's own ways are refused, and the try is kept.
EMAIL_BACKEND = "campaigns.email_gate.OutboxOnlyBackend"

# Anymail's own settings for the provider, as JSON: {"POSTMARK_SERVER_TOKEN": "…"}.
ANYMAIL: dict[str, Any] = read_json("PAIRWELL_ANYMAIL")

CELERY_BROKER_URL = read_str("PAIRWELL_BROKER_URL")

PAIRWELL: dict[str, Any] = {
    # Who writes. Real values belong into the environment; these are the sample shop's.
    "SHOP_NAME": read_str("PAIRWELL_SHOP_NAME", "Pairwell sample shop"),
    "SHOP_URL": read_str("PAIRWELL_SHOP_URL", "https://shop.example"),
    "UTM_SOURCE": read_str("PAIRWELL_UTM_SOURCE", "pairwell"),
    "SHOP_ADDRESS": read_str("PAIRWELL_SHOP_ADDRESS", "1 Sample Street, London N1 1AA, United Kingdom"),
    "SUPPORT_EMAIL": read_str("PAIRWELL_SUPPORT_EMAIL", "help@shop.example"),
    "SHOP_LOGO": read_str("PAIRWELL_SHOP_LOGO"),  # an https address; the name stands there without it
    "SHOP_LEGAL": read_json("PAIRWELL_SHOP_LEGAL"),  # {"DE": ["Handelsregister …"], "": ["for all others"]}
    "RETURN_DAYS": read_int("PAIRWELL_RETURN_DAYS", 0),  # 0: emails promise nothing
    "FROM_EMAIL": read_str("PAIRWELL_FROM_EMAIL", "orders@shop.example"),
    "MARKETING_FROM_EMAIL": read_str("PAIRWELL_MARKETING_FROM_EMAIL", "hello@shop.example"),
    "LANGUAGE": read_str("PAIRWELL_LANGUAGE", "en"),
    "CURRENCY": read_str("PAIRWELL_CURRENCY", "GBP"),
    "TIMEZONE": read_str("PAIRWELL_TIMEZONE", "Europe/London"),
    "COUNTRY": read_str("PAIRWELL_COUNTRY", "GB"),
    # Where links in emails lead: the public address of this installation.
    "BASE_URL": read_str("PAIRWELL_BASE_URL", "http://127.0.0.1:8000"),
    # Who may get mail: addresses and @domains, * for everybody; with debugging on, nobody unless listed.
    "ALLOWED_RECIPIENTS": read_list("PAIRWELL_ALLOWED_RECIPIENTS", "" if DEBUG else "*"),
    # How mail leaves: preview, smtp, sendgrid or anymail.
    "TRANSPORT": read_str("PAIRWELL_TRANSPORT", "preview"),
    "SENDGRID_API_KEY": read_str("SENDGRID_API_KEY"),
    "SENDGRID_HOST": read_str("SENDGRID_HOST", "https://api.sendgrid.com"),
    "SENDGRID_WEBHOOK_KEYS": read_list("SENDGRID_WEBHOOK_KEYS"),  # public keys, two during a rotation
    "SMTP_URL": read_str("PAIRWELL_SMTP_URL"),  # smtp://user:password@host:587 (STARTTLS), smtps://…:465
    # Signs what leaves by SMTP; a key in PEM, best by PAIRWELL_DKIM_KEY_FILE.
    "DKIM_SELECTOR": read_str("PAIRWELL_DKIM_SELECTOR"),
    "DKIM_KEY": read_str("PAIRWELL_DKIM_KEY"),
    "SENDGRID_RECIPIENTS": read_int("PAIRWELL_SENDGRID_RECIPIENTS", 500),
    "SENDGRID_UNSUBSCRIBE_GROUP": read_int("PAIRWELL_SENDGRID_UNSUBSCRIBE_GROUP", 0),
    "ANYMAIL_BACKEND": read_str("PAIRWELL_ANYMAIL_BACKEND"),
    # Modules of the shop's own that register trigger kinds, by dotted path.
    "PLUGINS": read_list("PAIRWELL_PLUGINS"),
    # Restraint.
    "MARKETING_CAP": read_int("PAIRWELL_MARKETING_CAP", 3),
    "MARKETING_CAP_DAYS": read_int("PAIRWELL_MARKETING_CAP_DAYS", 7),
    "ATTRIBUTION_DAYS": read_int("PAIRWELL_ATTRIBUTION_DAYS", 5),
    # Signs links and hashes suppressed addresses. After a change the old one belongs into OLD_LINK_KEYS.
    # The demo's: pages say that its opens and clicks are made up.
    "SAMPLE_SHOP": read_bool("PAIRWELL_SAMPLE_SHOP", default=False),
    "METRICS_TOKEN": read_str("PAIRWELL_METRICS_TOKEN"),
    "LINK_KEY": read_str("PAIRWELL_LINK_KEY", SECRET_KEY),
    "OLD_LINK_KEYS": read_list("PAIRWELL_OLD_LINK_KEYS"),
    "BATCH_SIZE": read_int("PAIRWELL_BATCH_SIZE", 500),
    "LEASE_SECONDS": read_int("PAIRWELL_LEASE_SECONDS", 300),
    "DOUBT_MINUTES": read_int("PAIRWELL_DOUBT_MINUTES", 30),
    # How fast: 0 and {} mean no limit of ours.
    "RATE_PER_MINUTE": read_int("PAIRWELL_RATE_PER_MINUTE", 0),
    "DOMAIN_RATES": read_json("PAIRWELL_DOMAIN_RATES"),  # {"gmail.com": 600}, emails a minute
    "WARM_UP": read_json("PAIRWELL_WARM_UP"),  # {"from": "2026-12-01", "start": 200, …}
    "ALERT_HOOK": read_str("PAIRWELL_ALERT_HOOK"),  # dotted path of a function that is given each new alert
}

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": read_str("PAIRWELL_LOG_LEVEL", "WARNING")},
    "loggers": {
        # Its debug log prints the API key and the whole payload.
        "python_http_client": {"level": "WARNING"},
        # And this one the statements with their values, which name people.
        "django.db.backends": {"level": "WARNING"},
    },
}
