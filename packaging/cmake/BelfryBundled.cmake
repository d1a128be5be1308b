# BELFRY_BUNDLED: a build that runs on every distribution with the same glibc or a newer one. Libraries whose versions differ between
# distributions are linked statically if Debian has an archive; the others are installed with the gateway, in /usr/lib/belfry/lib.
macro(belfry_archive variable name)
  find_library(${variable} NAMES ${name} NO_CACHE REQUIRED)
endmacro()

belfry_archive(yaml_cpp libyaml-cpp.a)
belfry_archive(sqlite3 libsqlite3.a)
belfry_archive(re2 libre2.a)
belfry_archive(utf8proc libutf8proc.a)
set_target_properties(yaml-cpp PROPERTIES
  IMPORTED_LOCATION "${yaml_cpp}" IMPORTED_LOCATION_NONE "${yaml_cpp}" IMPORTED_LOCATION_RELEASE "${yaml_cpp}")
set_target_properties(SQLite::SQLite3 PROPERTIES
  IMPORTED_LOCATION "${sqlite3}" INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m")
set_target_properties(PkgConfig::RE2 PROPERTIES INTERFACE_LINK_LIBRARIES "${re2};Threads::Threads")
set_target_properties(PkgConfig::UTF8PROC PROPERTIES INTERFACE_LINK_LIBRARIES "${utf8proc}")
set(absl_archives "")
foreach(name ${ABSL_TIME_LIBRARIES})
  if(name MATCHES "^absl_")
    belfry_archive(${name} lib${name}.a)
    list(APPEND absl_archives "${${name}}")
  endif()
endforeach()
set_target_properties(PkgConfig::ABSL_TIME PROPERTIES INTERFACE_LINK_LIBRARIES "${absl_archives};Threads::Threads;rt")

# The licenses of the bundled libraries, taken from the Debian packages on the build machine.
set(notices "${CMAKE_BINARY_DIR}/packaging/notices/libraries.txt")
add_custom_command(OUTPUT "${notices}" COMMAND "${CMAKE_SOURCE_DIR}/packaging/notices/collect" "${notices}"
  DEPENDS "${CMAKE_SOURCE_DIR}/packaging/notices/collect" VERBATIM)
add_custom_target(notices ALL DEPENDS "${notices}")
install(FILES "${notices}" DESTINATION ${CMAKE_INSTALL_DOCDIR}/notices COMPONENT runtime)

# An absolute path: plugins are loaded from private copies elsewhere, so $ORIGIN would not lead here.
set(CMAKE_INSTALL_RPATH "${CMAKE_INSTALL_PREFIX}/${BELFRY_INSTALL_LIBDIR}/lib")
foreach(name jemalloc prometheus-cpp-core)
  find_library(shipped NAMES lib${name}.so NO_CACHE REQUIRED)
  file(REAL_PATH "${shipped}" file)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p "${file}" OUTPUT_VARIABLE headers COMMAND_ERROR_IS_FATAL ANY)
  if(NOT headers MATCHES "SONAME +([^ \n]+)")
    message(FATAL_ERROR "${file} has no SONAME, wanted a shared library; reinstall the development package of ${name}")
  endif()
  install(PROGRAMS "${file}" DESTINATION ${BELFRY_INSTALL_LIBDIR}/lib RENAME "${CMAKE_MATCH_1}" COMPONENT runtime)
  unset(shipped)
endforeach()
