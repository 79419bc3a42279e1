# Headers that are compiled once and for all of a room's sources: LibTorch's take each source some five seconds.
# Sources still name what they use: a build with -DPIXNERD_PRECOMPILED=OFF compiles them one by one.
# Builds with sanitizers do: g++ 12 crashes at the end of a source that it instruments after a precompiled header.
set(precompile ON)
if(PIXNERD_SANITIZE OR PIXNERD_RACES)
  set(precompile OFF)
endif()
option(PIXNERD_PRECOMPILED "Compile LibTorch's headers once" ${precompile})

set(PIXNERD_TORCH_HEADERS
    <ATen/TensorOperators.h> <ATen/core/Tensor.h> <algorithm> <filesystem> <functional> <map> <memory> <optional> <span>
    <string> <vector>)
set(PIXNERD_MODULE_HEADERS ${PIXNERD_TORCH_HEADERS} <torch/nn/module.h> <torch/nn/pimpl.h>)
set(PIXNERD_TEST_HEADERS ${PIXNERD_TORCH_HEADERS} <gtest/gtest.h>)

# pixnerd_precompile(target set [library...]): compiles target's sources after the headers of that set, torch, module or
# test. The first target of a set brings the libraries whose headers they are.
function(pixnerd_precompile target set)
  if(NOT PIXNERD_PRECOMPILED)
    return()
  endif()
  set(headers ${set}_headers)
  if(NOT TARGET ${headers})
    string(TOUPPER ${set} upper)
    set(source ${CMAKE_BINARY_DIR}/${headers}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "")
    add_library(${headers} OBJECT ${source})
    target_compile_options(${headers} PRIVATE -fopenmp)
    target_link_libraries(${headers} PRIVATE torch ${ARGN})
    target_precompile_headers(${headers} PRIVATE ${PIXNERD_${upper}_HEADERS})
    pixnerd_cache_precompiled(${headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${headers})
  pixnerd_cache_precompiled(${target})
endfunction()

# What ccache wants to be told by g++ of precompiled headers; Toolchain.cmake tells it the rest.
function(pixnerd_cache_precompiled target)
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    target_compile_options(${target} PRIVATE -fpch-preprocess)
  endif()
endfunction()
