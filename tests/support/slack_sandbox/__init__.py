"""A small Slack on loopback: the Web API methods that Belfry uses, their limits and errors, and a page that shows the messages.

Written from docs.slack.dev and deliberately independent of the gateway's code, so that neither repeats the other's misreadings.
"""
