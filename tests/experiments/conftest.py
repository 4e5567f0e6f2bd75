"""The admin is served without a collectstatic before."""
