# crossdock_room(NAME SOURCES a.cpp ... LINKS rooms... PRIVATE_LINKS libraries...)
# One room is one static library, `crossdock_NAME`. Headers sit beside their sources and are included as "NAME/file.hpp";
# a link in the build tree makes them visible to those rooms only that link this one, so a forbidden dependency fails to compile.
function(crossdock_room name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  set(visible ${CMAKE_BINARY_DIR}/rooms/${name})
  file(MAKE_DIRECTORY ${visible})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${visible}/${folder} SYMBOLIC)
  add_library(crossdock_${name} STATIC ${arg_SOURCES})
  target_include_directories(crossdock_${name} PUBLIC ${visible})
  target_link_libraries(crossdock_${name} PUBLIC ${arg_LINKS} PRIVATE crossdock_warnings ${arg_PRIVATE_LINKS})
endfunction()

# crossdock_test(NAME SOURCES a.cpp ... LINKS ...): one Catch2 executable; every TEST_CASE is a ctest of its own.
function(crossdock_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;LABELS;PROPERTIES" ${ARGN})
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE crossdock_test_support crossdock_warnings ${arg_LINKS})
  catch_discover_tests(test_${name} TEST_PREFIX "${name}: " DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS "${name};${arg_LABELS}" TIMEOUT 120 ${arg_PROPERTIES})
endfunction()
