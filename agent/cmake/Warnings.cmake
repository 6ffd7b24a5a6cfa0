# The warnings that every file is built with; COMPILE_WARNING_AS_ERROR comes from the preset, never from here.
include(CheckCCompilerFlag)

set(_wanted
    -Wall -Wextra -Wpedantic -Wformat=2 -Wshadow -Wundef -Wvla -Walloca -Wconversion -Wno-sign-conversion -Wcast-qual
    -Wpointer-arith -Wwrite-strings -Wstrict-prototypes -Wmissing-prototypes -Wmissing-declarations
    -Wold-style-definition -Wredundant-decls -Wnested-externs -Wnull-dereference -Wdouble-promotion -Wfloat-equal
    -Wswitch-enum -Wimplicit-fallthrough -Wdate-time -Wunused-macros -Wenum-conversion
    # gcc alone
    -Wformat-overflow=2 -Wformat-truncation=1 -Wlogical-op -Wduplicated-cond -Wduplicated-branches
    -Wjump-misses-init -Wstringop-overflow=4 -Warray-bounds=2 -Walloc-zero -Wtrampolines -Wuse-after-free=3
    -Wcast-align=strict -Wsuggest-attribute=noreturn -Wsuggest-attribute=format -Wbidi-chars=any
    # clang alone
    -Wmissing-variable-declarations -Wcomma)

add_library(coollama_warnings INTERFACE)
foreach(_flag IN LISTS _wanted)
  string(MAKE_C_IDENTIFIER "have${_flag}" _have)
  check_c_compiler_flag(${_flag} ${_have})
  if(${_have})
    target_compile_options(coollama_warnings INTERFACE ${_flag})
  endif()
endforeach()
