# Builds the names of ImageNet's classes into a room, behind src/sample/imagenet_classes.h, as EmbedFont.cmake does a font.
function(pixnerd_embed_imagenet room table)
  string(REGEX REPLACE [[(["\\])]] [[\\\1]] PIXNERD_IMAGENET_LITERAL "${table}")
  set(source ${CMAKE_BINARY_DIR}/embedded_imagenet.cpp)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/embedded_imagenet.cpp.in ${source} @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${table}")
  target_sources(${room} PRIVATE ${source})
endfunction()
