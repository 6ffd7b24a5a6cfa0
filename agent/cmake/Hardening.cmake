# Sanitizers for development, hardening for what is installed.
include(CheckPIESupported)
check_pie_supported()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

add_library(coollama_hardening INTERFACE)
target_compile_options(coollama_hardening INTERFACE -fno-common -fvisibility=hidden -fno-strict-aliasing)

if(COOLLAMA_SANITIZE)
  set(_san -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_compile_options(coollama_hardening INTERFACE ${_san})
  target_link_options(coollama_hardening INTERFACE ${_san})
elseif(CMAKE_BUILD_TYPE STREQUAL "Release")
  # assert() stays on: a broken invariant must end the process, not a container.
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
  string(REPLACE "-O3" "-O2" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
  target_compile_options(
    coollama_hardening
    INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection
              -fcf-protection=full $<$<C_COMPILER_ID:GNU>:-ftrivial-auto-var-init=zero>)
  target_link_options(coollama_hardening INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed)
endif()

if(COOLLAMA_COVERAGE)
  target_compile_options(coollama_hardening INTERFACE --coverage -O0)
  target_link_options(coollama_hardening INTERFACE --coverage)
endif()
