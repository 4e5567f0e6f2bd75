"""Programs that open and click before a person does."""

import re

# Names that such programs give themselves. Image proxies of mailboxes (GoogleImageProxy, YahooMailProxy)
# are not here: they fetch when a person opens. Apple's prefetching is told by the provider.
_SCANNERS = re.compile(
    r"bot\b|crawler|spider|scanner|headless|phantomjs|barracuda|mimecast|proofpoint|symantec|messagelabs"
    r"|trendmicro|bitdefender|forcepoint|fireeye|cloudmark|ironport|safelinks|urldefense|urlscan|zgrab"
    r"|bingpreview|facebookexternalhit|whatsapp/|curl/|wget/|python-|go-http-client|okhttp|java/|guzzle"
    r"|apache-httpclient|libwww|node-fetch|axios",
    re.IGNORECASE,
)


def is_scanner(user_agent: str) -> bool:
    """Whether the user agent names a security scanner, a preview or a script. Missing ones are not judged."""
    return bool(_SCANNERS.search(user_agent))
