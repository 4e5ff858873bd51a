/* shipped_data: what cli/ship.c wrote, as a part of the program (scripts/shipped.h). */
__asm__(".section .rodata.shipped, \"a\"\n"
        ".balign 64\n"
        ".globl shipped_begin\n"
        "shipped_begin:\n"
        ".incbin \"" SHIPPED_FILE "\"\n"
        ".previous\n");
