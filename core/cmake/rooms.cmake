# crossdock_room(NAME SOURCES a.cpp ... LINKS rooms... PRIVATE_LINKS libraries...)
# One room is one static library, `crossdock_NAME`. Headers sit beside their sources and are included as "NAME/file.hpp";
# links in the build tree make them visible to those rooms only that link this one, so a forbidden dependency fails to compile.
# A room inside another room's folder is a room of its own: only the headers of the folder itself are linked.
function(crossdock_room name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  set(visible ${CMAKE_BINARY_DIR}/rooms/${name})
  file(REMOVE_RECURSE ${visible})
  file(MAKE_DIRECTORY ${visible}/${folder})
  file(GLOB headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*.hpp)
  foreach(header ${headers})
    file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR}/${header} ${visible}/${folder}/${header} SYMBOLIC)
  endforeach()
  add_library(crossdock_${name} STATIC ${arg_SOURCES})
  target_include_directories(crossdock_${name} PUBLIC ${visible})
  target_link_libraries(crossdock_${name} PUBLIC ${arg_LINKS} PRIVATE crossdock_warnings ${arg_PRIVATE_LINKS})
endfunction()

# Builds every test that runs under ThreadSanitizer: those with the label `tsan`, the only list of them.
add_custom_target(crossdock_tsan_tests)

# crossdock_test(NAME SOURCES a.cpp ... LINKS ... [LABELS tsan|no-sanitizer|chaos-full ...] [TIMEOUT_S 300] [PROPERTIES name value ...]):
# one Catch2 executable; every TEST_CASE is a ctest of its own, labelled with NAME and LABELS.
#   tsan          also runs under ThreadSanitizer (./dev tsan)
#   no-sanitizer  left out under any sanitizer
#   chaos-full    left out of ./dev test, run by ./dev chaos
function(crossdock_test name)
  cmake_parse_arguments(arg "" "TIMEOUT_S" "SOURCES;LINKS;LABELS;PROPERTIES" ${ARGN})
  if(NOT arg_TIMEOUT_S)
    set(arg_TIMEOUT_S 120)
  endif()
  add_executable(test_${name} ${arg_SOURCES})
  target_link_libraries(test_${name} PRIVATE crossdock_test_support crossdock_warnings ${arg_LINKS})
  if("tsan" IN_LIST arg_LABELS)
    add_dependencies(crossdock_tsan_tests test_${name})
  endif()
  set(listed ${CMAKE_CURRENT_BINARY_DIR}/test_${name}.tests.cmake)
  list(JOIN arg_LABELS "," labels)
  list(JOIN arg_PROPERTIES "," properties)
  add_custom_command(TARGET test_${name} POST_BUILD BYPRODUCTS ${listed} VERBATIM
    COMMAND ${CMAKE_COMMAND} -D PROGRAM=$<TARGET_FILE:test_${name}> -D PREFIX=${name} "-DLABELS=${name},${labels}"
            -D TIMEOUT_S=${arg_TIMEOUT_S} "-DPROPERTIES=${properties}" -D FILE=${listed}
            -P ${CMAKE_SOURCE_DIR}/core/cmake/discover_tests.cmake)
  # A program that is not built is one failing test, so that a suite cannot shrink unseen.
  set(included ${CMAKE_CURRENT_BINARY_DIR}/test_${name}.include.cmake)
  file(WRITE ${included} "if(EXISTS \"${listed}\")\n  include(\"${listed}\")\nelse()\n  add_test(\"${name}: is not built\" test_${name}_is_not_built)\nendif()\n")
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${included})
endfunction()
