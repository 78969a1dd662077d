/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * All that an emulated PC needs to run a program without a BIOS or a system:
 * from the first instruction in real mode to 64 bits with AVX-512, identity
 * mapped, then on to the program at 1 MiB. It is a ROM of 64 KiB that ends where
 * processors begin.
 */
        .text
        .code16
start16:
        cli
        lgdtl   %cs:(gdtPointer - start16)
        movl    %cr0, %eax
        orl     $1, %eax
        movl    %eax, %cr0
        ljmpl   $0x08, $(0xf0000 + start32 - start16)

        .code32
start32:
        movw    $0x10, %ax
        movw    %ax, %ds
        movw    %ax, %es
        movw    %ax, %ss
        /* Bochs gives memory to addresses in pieces of 128 KiB, in the order in
           which they are met, and has read the program into as many pieces as it
           is long: so those behind its first one are met first, up to 512 MiB */
        movl    $0x120000, %edi
1:      movb    (%edi), %al
        addl    $0x20000, %edi
        cmpl    $0x20000000, %edi
        jb      1b
        /* page tables at 64 KiB: one GiB in pages of 2 MiB */
        movl    $0x10000, %edi
        xorl    %eax, %eax
        movl    $0xc00, %ecx
        cld
        rep stosl
        movl    $0x11003, 0x10000
        movl    $0x12003, 0x11000
        movl    $0x12000, %edi
        movl    $0x83, %eax
1:      movl    %eax, (%edi)
        addl    $0x200000, %eax
        addl    $8, %edi
        cmpl    $0x13000, %edi
        jne     1b
        movl    $0x10000, %eax
        movl    %eax, %cr3
        /* PAE, OSFXSR, OSXMMEXCPT, OSXSAVE */
        movl    $0x40620, %eax
        movl    %eax, %cr4
        /* long mode */
        movl    $0xc0000080, %ecx
        rdmsr
        orl     $0x100, %eax
        wrmsr
        /* paging; MP, no EM: vectors without a trap */
        movl    $0x80000013, %eax
        movl    %eax, %cr0
        ljmpl   $0x18, $(0xf0000 + start64 - start16)

        .code64
start64:
        movw    $0x10, %ax
        movw    %ax, %ss
        /* which of x87, SSE, AVX and AVX-512 there are */
        movl    $0xd, %eax
        xorl    %ecx, %ecx
        cpuid
        andl    $0xe7, %eax
        xorl    %edx, %edx
        xorl    %ecx, %ecx
        xsetbv
        movl    $0x100000, %eax
        jmpq    *%rax

        .p2align 3
gdt:    .quad   0
        .quad   0x00cf9a000000ffff      /* code, 32 bits */
        .quad   0x00cf92000000ffff      /* data */
        .quad   0x00af9a000000ffff      /* code, 64 bits */
gdtPointer:
        .word   31
        .long   0xf0000 + gdt - start16

        .org    0xfff0
        .code16
        ljmpw   $0xf000, $0
        .org    0x10000
