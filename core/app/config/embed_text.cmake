# Text files as a C++ source: NAME is the variable, FILE what it holds; several files, separated by `;`, follow each other in it.
# NAMESPACE is the room it is for, `app` if not given.
if(NOT NAMESPACE)
  set(NAMESPACE app)
endif()
set(literals "")
foreach(one ${FILE})
  file(READ ${one} text)
  string(APPEND literals "\n    R\"text(${text})text\"")
endforeach()
file(WRITE ${OUT} "// Generated from ${FILE}.\nnamespace crossdock::${NAMESPACE} {\n\nextern const char* const ${NAME};\nconst char* const ${NAME} =${literals};\n\n}  // namespace crossdock::${NAMESPACE}\n")
