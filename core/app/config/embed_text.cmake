# A text file as a C++ source: NAME is the variable, FILE what it holds.
file(READ ${FILE} text)
file(WRITE ${OUT} "// Generated from ${FILE}.\nnamespace crossdock::app {\n\nextern const char* const ${NAME};\nconst char* const ${NAME} = R\"text(${text})text\";\n\n}  // namespace crossdock::app\n")
