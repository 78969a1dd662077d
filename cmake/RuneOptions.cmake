# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Compiler settings shared by every room.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 22)
  message(FATAL_ERROR "Rune is built with clang 22; this is ${CMAKE_CXX_COMPILER_ID} "
    "${CMAKE_CXX_COMPILER_VERSION}. Run `./dev setup`, then `cmake --preset default`.")
endif()

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # statement expressions, for RUNE_TRY
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(RUNE_CCACHE ccache)
if(RUNE_CCACHE)
  # The sloppiness that ccache's manual asks for with precompiled headers.
  set(launcher ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${RUNE_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# What every target of ours is compiled with; third-party code is not.
add_library(rune_options INTERFACE)
target_compile_options(rune_options INTERFACE -Wall -Wextra -Werror
  -ffunction-sections -fdata-sections -ffp-contract=off "SHELL:-Xclang -fno-pch-timestamp")
target_include_directories(rune_options INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_BINARY_DIR}/generated)
target_link_options(rune_options INTERFACE -fuse-ld=lld-22 -Wl,--gc-sections)

if(RUNE_SANITIZE)
  string(REPLACE "-O2" "-O1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
  set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_compile_options(${sanitize} -gline-tables-only)
  add_link_options(${sanitize})
else()
  # Lines are enough for a backtrace, and a clean build takes a third less time
  # than with all of -g; CMAKE_BUILD_TYPE=Debug has that.
  string(REPLACE "-g" "-gline-tables-only" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
endif()
if(RUNE_FUZZ)
  # Coverage in the libraries too: without it a fuzzer sees its harness only.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(RUNE_MUTATE)
  target_compile_definitions(rune_options INTERFACE RUNE_MUTATE) # src/engine/mutation.h
endif()
if(RUNE_STATIC)
  # What runs before `main` stands together: LLVM's is 500 functions, and a page
  # of each would be read in.
  target_link_options(rune_options INTERFACE -static -Wl,--icf=safe -Wl,-z,keep-text-section-prefix)
endif()
