# crossdock_add_plugin(NAME a.cpp ...): libNAME.so, a plugin of Crossdock. C and C++ sources; it exports one symbol,
# crossdock_plugin, and is never unloaded. Link further libraries with target_link_libraries(NAME PRIVATE ...).
set(CROSSDOCK_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/plugin.map CACHE INTERNAL "The one symbol that a plugin exports")
function(crossdock_add_plugin name)
  if(NOT ARGN)
    message(FATAL_ERROR "crossdock_add_plugin(${name}): name its sources, for example crossdock_add_plugin(${name} ${name}.cpp)")
  endif()
  add_library(${name} MODULE ${ARGN})
  target_link_libraries(${name} PRIVATE Crossdock::sdk)
  target_compile_features(${name} PRIVATE c_std_11 cxx_std_20)
  # Unique symbols would bind two plugins' templates together, whatever their visibility.
  target_compile_options(${name} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${name} PRIVATE -Wl,-z,nodelete -Wl,-z,defs -Wl,--version-script=${CROSSDOCK_PLUGIN_MAP})
  set_target_properties(${name} PROPERTIES C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LINK_DEPENDS ${CROSSDOCK_PLUGIN_MAP})
endfunction()
