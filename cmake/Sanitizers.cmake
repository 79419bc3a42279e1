# Builds that watch themselves, each in a folder of its own: `make sanitize`, `make races` and `make fuzz`.
option(PIXNERD_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(PIXNERD_RACES "Build with ThreadSanitizer" OFF)
option(PIXNERD_FUZZ "Make fuzzers of the programs in tests/fuzz, with the same sanitizers; needs clang" OFF)

if(PIXNERD_FUZZ AND NOT CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  message(FATAL_ERROR "PIXNERD_FUZZ needs clang, which brings libFuzzer; the compiler is ${CMAKE_CXX_COMPILER}")
endif()
if(PIXNERD_SANITIZE OR PIXNERD_FUZZ)
  # Names in reports, and the checks of assert and of the standard library.
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1 -fno-omit-frame-pointer")
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  # The ordinary build judges warnings: sanitizers, and another compiler, bring false ones.
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -Wno-error)
  add_link_options(-fsanitize=address,undefined)
endif()
if(PIXNERD_RACES)
  set(CMAKE_CXX_FLAGS_RELEASE "-O1 -g1 -fno-omit-frame-pointer")
  add_compile_options(-fsanitize=thread -Wno-error -Wno-tsan)
  add_link_options(-fsanitize=thread)
endif()
if(PIXNERD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
