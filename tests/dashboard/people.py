"""Those who use the dashboard, and those who may not."""

from django.contrib.auth.models import Permission, User

PASSWORD = "a long enough password"
_MAY = ["change_campaign", "change_trigger", "change_experiment", "add_proofemail", "add_trial"]


def make_marketer() -> User:
    """One of the staff who may change campaigns, triggers and experiments, and send proofs and trials."""
    user = User.objects.create_user("marketer", password=PASSWORD, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=_MAY))
    return user
