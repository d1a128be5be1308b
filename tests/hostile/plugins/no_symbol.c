/* A shared library that is not a plugin. */
int no_symbol_here(void);
__attribute__((visibility("default"))) int no_symbol_here(void) { return 1; }
