"""Whether mailbox providers can tell that our mail is ours: DNS records read and judged, never guessed."""
