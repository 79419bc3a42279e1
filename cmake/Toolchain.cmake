# Compiler cache, linker and warnings: used where present, never required.
find_program(PIXNERD_CCACHE ccache)
if(PIXNERD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Without that it does not keep what is compiled after precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,locale ${PIXNERD_CCACHE})
endif()

find_program(PIXNERD_MOLD mold)
if(PIXNERD_MOLD)
  # Segments on pages of their own, as mold 1.10.1 lets one program in some hundred begin with a page that is not there
  # (findings/mold_relro_of_thread_locals.sh).
  add_link_options(-fuse-ld=mold -Wl,-z,separate-loadable-segments)
endif()

option(PIXNERD_WARNINGS_AS_ERRORS "Treat warnings in pixnerd's own code as errors" ON)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(PIXNERD_WARNINGS_AS_ERRORS)
  add_compile_options(-Werror)
endif()
