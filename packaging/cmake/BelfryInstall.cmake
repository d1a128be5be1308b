# Where things go. Two components: `runtime` is the gateway, `dev` what a plugin is written with.
include(GNUInstallDirs)
# Not below lib/<triplet>: plugins of the administrator and of packages have one place on every distribution.
set(BELFRY_INSTALL_LIBDIR lib/belfry)
set(BELFRY_UNIT_DIR lib/systemd/system CACHE STRING "Where the unit goes, below the prefix unless absolute")
# Debian's zsh looks elsewhere than upstream's.
set(BELFRY_ZSH_DIR share/zsh/site-functions CACHE STRING "Where the completion for zsh goes, below the prefix")
# What the package of the component `dev` is called: belfry-dev on Debian, belfry-devel on rpm distributions.
set(BELFRY_DEV_SUFFIX dev CACHE STRING "dev or devel")
# The tools of rpm take debug symbols out of executable files only; those of Debian set the modes that they want.
set(CMAKE_INSTALL_SO_NO_EXE 0)
