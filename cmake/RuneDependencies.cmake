# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Libraries we take as they are. `rune` links only what Debian ships as an
# archive or as headers (DESIGN: one static file). A room names them in USES.
set(RUNE_ARCHIVES /usr/lib/${CMAKE_CXX_LIBRARY_ARCHITECTURE} CACHE PATH "where lib*.a of Debian live")

# rune_dependency(NAME archive...): the target rune_dep_NAME. Archives always,
# so that the dynamic and the static build run the same code. Two that need one
# library may both say so.
function(rune_dependency name)
  if(TARGET rune_dep_${name})
    return()
  endif()
  add_library(rune_dep_${name} INTERFACE)
  foreach(archive ${ARGN})
    set(path ${RUNE_ARCHIVES}/lib${archive}.a)
    if(NOT EXISTS ${path})
      message(FATAL_ERROR "${path} is missing. Run `./dev setup`, which installs what the build needs.")
    endif()
    target_link_libraries(rune_dep_${name} INTERFACE ${path})
  endforeach()
endfunction()

rune_dependency(yaml yaml-cpp)
rune_dependency(png png z)
target_link_libraries(rune_dep_png INTERFACE m) # with the C library: static or not, as that is
rune_dependency(jpeg jpeg)
rune_dependency(flac FLAC ogg) # ogg: libFLAC names it, though we read no Ogg
rune_dependency(speexdsp speexdsp)
target_link_libraries(rune_dep_flac INTERFACE m)
target_link_libraries(rune_dep_speexdsp INTERFACE m)
rune_dependency(crypto crypto)
rune_dependency(context boost_context)
rune_dependency(zlib z)
rune_dependency(protobuf protobuf-lite z)
target_compile_definitions(rune_dep_crypto INTERFACE OPENSSL_API_COMPAT=0x10101000L)

if(RUNE_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()
if(RUNE_BENCH)
  find_package(benchmark REQUIRED)
endif()
