# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# rune_add_model(TARGET MODEL [NAME name] [TARGET_MACHINE machine] [CPU cpu] [SHAPES name=sizes...])
#
# A model, compiled ahead of time, as a library: who links TARGET includes
# `NAME.h` and calls NAME_run. NAME is the target's name unless given. Uses the
# `rune` of this build, or else RUNE_EXECUTABLE or the one on the PATH.
function(rune_add_model target model)
  cmake_parse_arguments(M "" "NAME;TARGET_MACHINE;CPU" "SHAPES" ${ARGN})
  if(NOT M_NAME)
    string(MAKE_C_IDENTIFIER ${target} M_NAME)
  endif()
  if(TARGET rune)
    set(rune rune)
  else()
    find_program(RUNE_EXECUTABLE rune REQUIRED)
    set(rune ${RUNE_EXECUTABLE})
  endif()
  get_filename_component(model ${model} ABSOLUTE)
  set(options --name ${M_NAME})
  if(M_TARGET_MACHINE)
    list(APPEND options --target ${M_TARGET_MACHINE})
  endif()
  if(M_CPU)
    list(APPEND options --cpu ${M_CPU})
  endif()
  foreach(shape ${M_SHAPES})
    list(APPEND options --shape ${shape})
  endforeach()
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_model)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${folder}/${M_NAME}.a ${folder}/${M_NAME}.h
    COMMAND ${rune} compile ${model} -o ${folder}/${M_NAME}.a ${options}
    DEPENDS ${model} ${rune} VERBATIM)
  add_custom_target(${target}_files DEPENDS ${folder}/${M_NAME}.a)
  add_library(${target} INTERFACE)
  add_dependencies(${target} ${target}_files)
  target_include_directories(${target} INTERFACE ${folder})
  target_link_libraries(${target} INTERFACE ${folder}/${M_NAME}.a)
endfunction()
