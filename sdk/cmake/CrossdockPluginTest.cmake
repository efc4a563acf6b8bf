# crossdock_add_plugin_test(NAME PLUGIN target SOURCES a.cpp ... [CASSETTES folder]): the test program NAME of a plugin that
# crossdock_add_plugin made, written with crossdock/testing.hpp, and a ctest of that name. Its sources see two texts:
#   CROSSDOCK_PLUGIN_FILE  the plugin's library
#   CROSSDOCK_CASSETTES    the folder of cassettes, absolute; empty when none is given
function(crossdock_add_plugin_test name)
  cmake_parse_arguments(arg "" "PLUGIN;CASSETTES" "SOURCES" ${ARGN})
  if(NOT arg_SOURCES OR NOT TARGET "${arg_PLUGIN}" OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "crossdock_add_plugin_test(${name}): give the plugin's target and the test's sources, for example "
      "crossdock_add_plugin_test(${name} PLUGIN acme SOURCES tests/acme_test.cpp CASSETTES cassettes)")
  endif()
  if(arg_CASSETTES)
    get_filename_component(arg_CASSETTES ${arg_CASSETTES} ABSOLUTE)
    if(NOT IS_DIRECTORY ${arg_CASSETTES})
      message(FATAL_ERROR "crossdock_add_plugin_test(${name}): there is no folder ${arg_CASSETTES}")
    endif()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE Crossdock::sdk ${CMAKE_DL_LIBS})
  target_compile_features(${name} PRIVATE cxx_std_20)
  target_compile_definitions(${name} PRIVATE
    CROSSDOCK_PLUGIN_FILE="$<TARGET_FILE:${arg_PLUGIN}>" CROSSDOCK_CASSETTES="${arg_CASSETTES}")
  add_dependencies(${name} ${arg_PLUGIN})
  add_test(NAME ${name} COMMAND ${name})
endfunction()
