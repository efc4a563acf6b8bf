# Compiler cache, linker, warnings and sanitizers, each said once.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()
find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM)
  add_link_options(-fuse-ld=mold)
endif()

# Not -Wnull-dereference: with GCC 12 at -O2 it blames Asio's io_context wherever an executor is made from one.
add_library(crossdock_warnings INTERFACE)
target_compile_options(crossdock_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wcast-align
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor> $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
  $<$<COMPILE_LANGUAGE:CXX>:-Wno-mismatched-new-delete>) # GCC 12 sees one in Asio's coroutine frames, where there is none
if(CROSSDOCK_WERROR)
  target_compile_options(crossdock_warnings INTERFACE -Werror)
endif()

if(CROSSDOCK_SANITIZE)
  add_compile_options(-fsanitize=${CROSSDOCK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${CROSSDOCK_SANITIZE})
  # Instrumented code misleads GCC 12 inside <regex> and <functional>; its TSan says that it cannot see Asio's fences,
  # which matters not: what they order, Asio's mutexes order too.
  add_compile_options(-Wno-maybe-uninitialized)
  if(CROSSDOCK_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan)
  endif()
endif()
