"""What a process of the storm finds in its environment."""

import os
from pathlib import Path


def make_environment(folder: Path, **variables: str) -> dict[str, str]:
    """Ours, less everything that would steer Pairwell, and with what is named."""
    ours = ("PAIRWELL_", "SENDGRID_", "DATABASE_URL", "DJANGO_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    return kept | variables | {"PAIRWELL_VAR_DIR": str(folder)}
