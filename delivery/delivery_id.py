"""Our id of an email, as it travels with a provider."""

DELIVERY_ARG = "pw_delivery_id"  # the name of the custom argument or metadata; it comes back in each event
