"""Pairwell's settings with django-post-office beside it, as a peer."""

from config.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "post_office"]  # noqa: F405
POST_OFFICE = {
    "BACKENDS": {"default": "anymail.backends.sendgrid.EmailBackend"},
    "BATCH_SIZE": 1_000_000,
    "CELERY_ENABLED": False,
}
