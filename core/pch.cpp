// Holds the precompiled header that the core libraries share.
