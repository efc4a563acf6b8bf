# Run behind each link of a test program: asks it for its TEST_CASEs and writes one ctest entry for each.
# Our own rather than Catch's, which in Debian 12 loses every label but the first.
# Takes -D PROGRAM, PREFIX, LABELS (comma-separated), TIMEOUT_S, PROPERTIES (comma-separated pairs), FILE.
execute_process(COMMAND ${PROGRAM} --list-test-names-only OUTPUT_VARIABLE listed ERROR_VARIABLE errors RESULT_VARIABLE result)
# Catch 2 answers with the number of tests as its exit status, so only the list itself tells whether this worked.
string(STRIP "${listed}" listed)
if(listed STREQUAL "")
  file(REMOVE ${FILE})
  message(FATAL_ERROR "${PROGRAM} lists no tests (${result}): ${errors}")
endif()
if(listed MATCHES "[][;\\]")
  message(FATAL_ERROR "${PROGRAM}: a test's name may not hold brackets, semicolons or backslashes:\n${listed}")
endif()
string(REPLACE "," ";" labels "${LABELS}")
string(REPLACE "," ";" pairs "${PROPERTIES}")
set(properties "")
foreach(word IN LISTS pairs)
  string(APPEND properties " [==[${word}]==]")
endforeach()
string(REPLACE "\n" ";" names "${listed}")
set(script "")
foreach(name IN LISTS names)
  # Catch reads a comma in a name as "or", unless escaped.
  string(REPLACE "," "\\," pattern "${name}")
  string(APPEND script "add_test([==[${PREFIX}: ${name}]==] [==[${PROGRAM}]==] [==[${pattern}]==])\n"
    "set_tests_properties([==[${PREFIX}: ${name}]==] PROPERTIES LABELS [==[${labels}]==] TIMEOUT ${TIMEOUT_S}${properties})\n")
endforeach()
file(WRITE ${FILE} "${script}")
