"""Restricts files that acceptance tests create to their owner, because they contain tokens."""
import os

os.umask(0o077)
