# Several sources as one: the headers that they share are read once, which halves the time of a build from nothing. With
# -DPIXNERD_UNITY=OFF each source is compiled on its own, which is quicker after a change of a single one.
option(PIXNERD_UNITY "Compile the sources of a room several at a time" ON)

# pixnerd_unity(target)
function(pixnerd_unity target)
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${PIXNERD_UNITY} UNITY_BUILD_BATCH_SIZE 8)
  if(PIXNERD_UNITY AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # GCC takes a source that another includes for a header, in which such types were a fault, and in long sources finds
    # LibTorch's optional tensors uninitialised, which they are not.
    target_compile_options(${target} PRIVATE -Wno-subobject-linkage -Wno-maybe-uninitialized)
  endif()
endfunction()
