# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# cmake -DOUTPUT=HEADER -DNAME=MACRO -DSOURCES=a:b:… -P HashSources.cmake: a
# header that defines MACRO as the first 16 digits of the SHA-256 of these files.
string(REPLACE ":" ";" files "${SOURCES}")
set(all "")
foreach(file ${files})
  file(SHA256 ${file} hash)
  string(APPEND all ${hash})
endforeach()
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 16 hash)
file(WRITE ${OUTPUT} "#define ${NAME} \"${hash}\"\n")
