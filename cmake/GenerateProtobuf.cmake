# Builds a .proto into a room. Its header, <name.pb.h>, is seen by that room alone. What is generated is not held to the
# warnings of pixnerd's own code.
function(pixnerd_generate_protobuf room proto)
  set(folder ${CMAKE_BINARY_DIR}/protobuf/${room})
  file(MAKE_DIRECTORY ${folder})
  get_filename_component(name ${proto} NAME_WE)
  get_filename_component(proto_folder ${proto} DIRECTORY)
  add_custom_command(
    OUTPUT ${folder}/${name}.pb.cc ${folder}/${name}.pb.h
    COMMAND protobuf::protoc --proto_path=${proto_folder} --cpp_out=${folder} ${proto}
    DEPENDS ${proto} protobuf::protoc
    COMMENT "Generating ${name}.pb.h"
    VERBATIM)
  set_source_files_properties(${folder}/${name}.pb.cc PROPERTIES COMPILE_OPTIONS -w)
  target_sources(${room} PRIVATE ${folder}/${name}.pb.cc ${folder}/${name}.pb.h)
  target_include_directories(${room} SYSTEM PRIVATE ${folder})
endfunction()
