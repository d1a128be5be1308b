# Where things go. Two components: `runtime` is the gateway, `dev` what a plugin is written with.
include(GNUInstallDirs)
# Not below lib/<triplet>: plugins of the administrator and of packages have one place on every distribution.
set(BELFRY_INSTALL_LIBDIR lib/belfry)
set(BELFRY_UNIT_DIR lib/systemd/system CACHE STRING "Where the unit goes, below the prefix unless absolute")
