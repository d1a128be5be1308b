"""What acceptance tests write holds tokens, and nobody else is to read it."""
import os

os.umask(0o077)
