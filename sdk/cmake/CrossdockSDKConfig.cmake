# find_package(CrossdockSDK): the target Crossdock::sdk (headers only), and crossdock_add_plugin(NAME sources...), and
# crossdock_add_plugin_test(NAME PLUGIN target SOURCES sources...).
# Installed it stands in lib/cmake/CrossdockSDK; in Crossdock's source tree it can be used as well, by CrossdockSDK_DIR.
get_filename_component(crossdock_sdk_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
if(NOT EXISTS "${crossdock_sdk_prefix}/include/crossdock/abi.h")
  get_filename_component(crossdock_sdk_prefix "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
endif()
if(NOT TARGET Crossdock::sdk)
  add_library(Crossdock::sdk INTERFACE IMPORTED)
  set_target_properties(Crossdock::sdk PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${crossdock_sdk_prefix}/include")
endif()
include("${CMAKE_CURRENT_LIST_DIR}/CrossdockPlugin.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/CrossdockPluginTest.cmake")

# The command that scaffolds, checks and serves plugins, when it was installed beside the SDK.
find_program(CROSSDOCK_PROGRAM crossdock HINTS "${crossdock_sdk_prefix}/bin")
unset(crossdock_sdk_prefix)
