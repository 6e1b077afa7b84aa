# Debian packages, by CPack: dc3 (program, model, manuals, completions), libdc3-0, libdc3-dev, and dc3-mpi where MPI was
# found. `make deb` makes them of a build whose prefix is /usr.
set(DC3_MAINTAINER "dc3 maintainers <maintainers@dc3.invalid>" CACHE STRING
  "Maintainer of the packages, NAME <ADDRESS>")
set(DC3_PACKAGE_program dc3)
set(DC3_PACKAGE_library libdc3-${DC3_SOVERSION})
set(DC3_PACKAGE_development libdc3-dev)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME dc3)
set(CPACK_PACKAGE_CONTACT "${DC3_MAINTAINER}")
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program library development)
set(DC3_PACKAGE_mpi dc3-mpi)
if(TARGET dc3-mpi)
  list(APPEND CPACK_COMPONENTS_ALL mpi)
endif()
set(CPACK_SET_DESTDIR ON)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/deb/prepare.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION "dataset condensation with colour compensation
dc3 turns a labelled dataset of images into a small one of 1, 10 or 50 images
per class. It selects those that represent their class best, and lets a small
diffusion model shift their colours.

It also trains, evaluates and compares classifiers on condensed datasets, makes
soft labels, measures and reports. Everything runs on the CPU.")

set(CPACK_DEBIAN_MPI_PACKAGE_SECTION science)
set(CPACK_DEBIAN_MPI_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_MPI_PACKAGE_DEPENDS "dc3 (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_MPI_DESCRIPTION "dataset condensation with colour compensation - several machines
dc3 turns a labelled dataset of images into a small one of 1, 10 or 50 images
per class. This is its program for several processes under mpirun or Slurm,
on machines that share their files.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
# Which package programs need, and that its libraries are new, for dpkg-shlibdeps and ldconfig.
set(control ${CMAKE_CURRENT_BINARY_DIR}/control)
file(WRITE ${control}/shlibs "libdc3 ${DC3_SOVERSION} ${DC3_PACKAGE_library} (>= ${PROJECT_VERSION})\n")
file(WRITE ${control}/triggers "activate-noawait ldconfig\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${control}/shlibs ${control}/triggers)
set(CPACK_DEBIAN_LIBRARY_DESCRIPTION "dataset condensation with colour compensation - library
dc3 turns a labelled dataset of images into a small one of 1, 10 or 50 images
per class. This is its shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS "${DC3_PACKAGE_library} (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SUGGESTS "libvips-dev, libjpeg-dev, libpng-dev, libtiff-dev, \
libwebp-dev, libglib2.0-dev, libjansson-dev, libarchive-dev, libsqlite3-dev, libcurl4-openssl-dev, \
libopenblas-dev, liblapacke-dev, libdnnl-dev")
set(CPACK_DEBIAN_DEVELOPMENT_DESCRIPTION "dataset condensation with colour compensation - development files
dc3 turns a labelled dataset of images into a small one of 1, 10 or 50 images
per class. These are the headers, the static library and the pkg-config file of
its library. Programs that link the static library need the suggested packages
too.")
if(CMAKE_INSTALL_LIBDIR MATCHES "/")
  set(CPACK_DEBIAN_LIBRARY_PACKAGE_MULTIARCH same)
  set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_MULTIARCH same)
endif()
foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} name)
  set(CPACK_DEBIAN_${name}_PACKAGE_NAME ${DC3_PACKAGE_${component}})
endforeach()
include(CPack)
