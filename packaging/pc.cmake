# Writes DC3_PC, dc3.pc, for CMAKE_INSTALL_PREFIX: folders below it move with it, those given as whole paths do not.
foreach(folder LIBDIR INCLUDEDIR DATADIR)
  set(DC3_${folder} "\${prefix}/${CMAKE_INSTALL_${folder}}")
  if(IS_ABSOLUTE "${CMAKE_INSTALL_${folder}}")
    set(DC3_${folder} "${CMAKE_INSTALL_${folder}}")
  endif()
endforeach()
configure_file("${CMAKE_CURRENT_LIST_DIR}/dc3.pc.in" "${DC3_PC}" @ONLY)
