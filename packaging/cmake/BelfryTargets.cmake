# belfry_library(NAME folder SOURCES ... [LINKS ...] [PRIVATE ...] [PCH none|std|boost])
#
# Defines one static library for one core folder. Its headers are included as "folder/header.hpp" through an include root that contains
# only this folder (a link in the build tree). A folder whose library is not linked cannot be included, so the compiler enforces the
# dependencies in docs/explanation/architecture.md.
function(belfry_include_root name folder out)
  set(root "${CMAKE_BINARY_DIR}/include-roots/${name}")
  file(MAKE_DIRECTORY "${root}")
  file(CREATE_LINK "${folder}" "${root}/${name}" SYMBOLIC)
  set(${out} "${root}" PARENT_SCOPE)
endfunction()

function(belfry_library)
  cmake_parse_arguments(arg "" "NAME;PCH" "SOURCES;LINKS;PRIVATE" ${ARGN})
  set(target belfry_${arg_NAME})
  add_library(${target} STATIC ${arg_SOURCES})
  belfry_include_root(${arg_NAME} "${CMAKE_CURRENT_SOURCE_DIR}" root)
  target_include_directories(${target} PUBLIC "${root}")
  target_link_libraries(${target} PUBLIC ${arg_LINKS} PRIVATE ${arg_PRIVATE})
  if(arg_PCH STREQUAL "boost")
    target_link_libraries(${target} PRIVATE belfry_boost)
    target_precompile_headers(${target} PRIVATE "${CMAKE_SOURCE_DIR}/packaging/cmake/pch_boost.hpp")
    if(BELFRY_FUZZ)
      # With -fdelayed-template-parsing (see BelfryOptions.cmake), Clang 19 omits functions that Asio's coroutines need.
      target_compile_options(${target} PRIVATE -fno-delayed-template-parsing)
    endif()
  elseif(NOT arg_PCH STREQUAL "none")
    target_link_libraries(${target} PRIVATE nlohmann_json::nlohmann_json)
    target_precompile_headers(${target} REUSE_FROM belfry_pch_std)
  endif()
endfunction()

# belfry_plugin(NAME type SOURCES ... [LINKS ...]): a shared library in build/<preset>/plugins that links no part of the gateway.
function(belfry_plugin)
  cmake_parse_arguments(arg "" "NAME" "SOURCES;LINKS" ${ARGN})
  add_library(belfry_plugin_${arg_NAME} MODULE ${arg_SOURCES})
  target_link_libraries(belfry_plugin_${arg_NAME} PRIVATE belfry::sdk ${arg_LINKS})
  set_target_properties(belfry_plugin_${arg_NAME} PROPERTIES
    PREFIX "" OUTPUT_NAME ${arg_NAME} LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/plugins")
  install(TARGETS belfry_plugin_${arg_NAME} LIBRARY DESTINATION ${BELFRY_INSTALL_LIBDIR}/plugins COMPONENT runtime)
endfunction()

# belfry_test(NAME x SOURCES ... LINKS ... [LABELS ...] [TIMEOUT s]): one GoogleTest program, one ctest entry. Its sources are compiled
# together (unity), so names in their anonymous namespaces are unique in the program.
function(belfry_test)
  cmake_parse_arguments(arg "" "NAME;TIMEOUT" "SOURCES;LINKS;LABELS" ${ARGN})
  add_executable(${arg_NAME} ${arg_SOURCES})
  target_include_directories(${arg_NAME} PRIVATE "${CMAKE_SOURCE_DIR}/tests")
  target_link_libraries(${arg_NAME} PRIVATE ${arg_LINKS} nlohmann_json::nlohmann_json GTest::gtest GTest::gmock GTest::gtest_main)
  target_precompile_headers(${arg_NAME} REUSE_FROM belfry_pch_test)
  set_target_properties(${arg_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  add_test(NAME ${arg_NAME} COMMAND ${arg_NAME})
  set_tests_properties(${arg_NAME} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}" ENVIRONMENT "${BELFRY_TEST_ENVIRONMENT}")
endfunction()
