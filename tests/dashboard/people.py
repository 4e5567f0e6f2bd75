"""Those who use the dashboard, and those who may not."""

from django.contrib.auth.models import Permission, User

PASSWORD = "a long enough password"


def make_marketer() -> User:
    """One of the staff who may pause campaigns and edit triggers."""
    user = User.objects.create_user("marketer", password=PASSWORD, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["change_campaign", "change_trigger"]))
    return user
