# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# rune_room(NAME [KNOWS room...] [USES library...] [PRECOMPILES header...] [WITHOUT folder...])
#
# One room of src/: every *.cpp of the folder becomes the library rune_NAME,
# except the files whose suffix gives them another role:
#   *_test.cpp   the GoogleTest program NAME_tests
#   *_fuzz.cpp   one libFuzzer program each, named as the file
#   *_bench.cpp  one Google Benchmark program each (built by `./dev bench`)
# Folders named WITHOUT are targets of their own.
function(rune_room name)
  cmake_parse_arguments(ROOM "" "" "KNOWS;USES;PRECOMPILES;WITHOUT" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  foreach(folder ${ROOM_WITHOUT})
    list(FILTER sources EXCLUDE REGEX "^${CMAKE_CURRENT_SOURCE_DIR}/${folder}/")
  endforeach()
  set(tests ${sources})
  set(fuzzers ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench|main)\\.cpp$")

  list(TRANSFORM ROOM_KNOWS PREPEND rune_ OUTPUT_VARIABLE known)
  if(sources)
    add_library(rune_${name} STATIC ${sources})
    target_link_libraries(rune_${name} PUBLIC rune_options ${known} PRIVATE ${ROOM_USES})
    target_precompile_headers(rune_${name} PRIVATE ${RUNE_PRECOMPILED} ${ROOM_PRECOMPILES})
  else()
    add_library(rune_${name} INTERFACE)
    target_link_libraries(rune_${name} INTERFACE rune_options ${known} ${ROOM_USES})
  endif()

  if(RUNE_TESTS AND tests)
    rune_tests(${name} SOURCES ${tests} LINKS rune_${name} ${ROOM_USES} PRECOMPILES ${ROOM_PRECOMPILES})
  endif()
  if(RUNE_FUZZ)
    foreach(file ${fuzzers})
      get_filename_component(target ${file} NAME_WE)
      add_executable(${target} ${file})
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${target} PRIVATE rune_${name} ${ROOM_USES})
    endforeach()
  endif()
  if(RUNE_BENCH)
    foreach(file ${benches})
      get_filename_component(target ${file} NAME_WE)
      add_executable(${target} ${file})
      target_link_libraries(${target} PRIVATE rune_${name} ${ROOM_USES} benchmark::benchmark_main)
      target_compile_definitions(${target} PRIVATE RUNE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    endforeach()
  endif()
endfunction()

# What nearly every file reads: parsed once per target, which halves the time of
# a clean build. Files still include what they use; the fuzz and lint builds see
# them without it.
set(RUNE_PRECOMPILED <algorithm> <array> <cstdint> <cstring> <functional> <map> <memory>
  <optional> <span> <string> <string_view> <utility> <variant> <vector> <fmt/format.h>)
if(RUNE_FUZZ)
  set(RUNE_PRECOMPILED "")
endif()

# rune_tests(NAME SOURCES file... LINKS library...): the program NAME_tests,
# one ctest entry per TEST, each run from the top of the source tree.
function(rune_tests name)
  cmake_parse_arguments(T "" "" "SOURCES;LINKS;PRECOMPILES" ${ARGN})
  add_executable(${name}_tests ${T_SOURCES})
  target_link_libraries(${name}_tests PRIVATE rune_options ${T_LINKS} GTest::gmock GTest::gtest_main)
  target_precompile_headers(${name}_tests PRIVATE ${RUNE_PRECOMPILED} <gmock/gmock.h> <gtest/gtest.h>
    ${T_PRECOMPILES})
  target_compile_definitions(${name}_tests PRIVATE RUNE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  gtest_discover_tests(${name}_tests WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    TEST_PREFIX "${name}." PROPERTIES TIMEOUT 300 DISCOVERY_TIMEOUT 60)
endfunction()
