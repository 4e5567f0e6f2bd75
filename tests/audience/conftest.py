"""The pages are served without a collectstatic before."""
