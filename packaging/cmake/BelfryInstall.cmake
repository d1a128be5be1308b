# Install locations. Two components: `runtime` is the gateway, `dev` the SDK for plugins.
include(GNUInstallDirs)
# Not below lib/<triplet>: plugin directories have the same path on every distribution.
set(BELFRY_INSTALL_LIBDIR lib/belfry)
set(BELFRY_UNIT_DIR lib/systemd/system CACHE STRING "Directory of the unit, relative to the prefix unless absolute")
# Debian's zsh has a different search path than upstream's.
set(BELFRY_ZSH_DIR share/zsh/site-functions CACHE STRING "Directory of the zsh completion, relative to the prefix")
# Suffix of the package for the component `dev`: belfry-dev on Debian, belfry-devel on rpm distributions.
set(BELFRY_DEV_SUFFIX dev CACHE STRING "dev or devel")
# rpm's tools strip debug symbols only from files that are executable; Debian's tools set file modes themselves.
set(CMAKE_INSTALL_SO_NO_EXE 0)
