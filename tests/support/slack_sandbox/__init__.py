"""A small Slack on loopback: the Web API methods that Belfry uses, their limits and errors, and a page that shows the messages.

Written from docs.slack.dev, apart from the gateway's own code on purpose: what one of them has misread, the other does not repeat.
"""
