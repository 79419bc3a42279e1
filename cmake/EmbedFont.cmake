# Builds a font file into a room, behind src/image/embedded_font.h. The assembler reads the file itself: as numbers in a
# C++ source it would be several times as long.
set(PIXNERD_FONT /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf CACHE FILEPATH "Font of the labels under pictures")

function(pixnerd_embed_font room font)
  if(NOT EXISTS "${font}")
    message(FATAL_ERROR "There is no font '${font}'. Debian's package fonts-dejavu-core brings DejaVuSans.ttf; "
                        "-DPIXNERD_FONT=file.ttf names another font.")
  endif()
  # As the assembler's string literal wants it.
  string(REGEX REPLACE [[(["\\])]] [[\\\1]] PIXNERD_FONT_LITERAL "${font}")
  set(source ${CMAKE_BINARY_DIR}/embedded_font.cpp)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/embedded_font.cpp.in ${source} @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${font}")
  target_sources(${room} PRIVATE ${source})
endfunction()
