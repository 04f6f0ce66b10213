//! The names with a list of arguments of any length: dprintf, execl and their kin.
//!
//! A function of that kind cannot be written in stable Rust. So a few instructions put the arguments where a function
//! with a fixed list finds them: registers saved in memory, and a pointer to those on the stack. Where that is not written
//! for a machine, these names are left to libc there.
//!
//! SAFETY of all blocks here: pointers into the caller's frame, which lasts as long as the call.
#![allow(clippy::undocumented_unsafe_blocks)]
#![cfg(target_arch = "x86_64")]

use std::arch::naked_asm;

use libc::{c_char, c_int};

use crate::{
    process::{execv, execve, execvp},
    stream::{__vdprintf_chk, vdprintf},
};

/// Saves the register arguments as a `va_list` wants them and calls `$target` with it after `$named` named arguments.
macro_rules! with_va_list {
    ($name:ident, $named_octets:literal, $register:literal, $target:path) => {
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name() -> c_int {
            // The frame: va_list (24, at 0), saved registers (48 + 128, at 32); 216 keeps the stack aligned.
            naked_asm!(
                "sub rsp, 216",
                "mov [rsp + 32], rdi",
                "mov [rsp + 40], rsi",
                "mov [rsp + 48], rdx",
                "mov [rsp + 56], rcx",
                "mov [rsp + 64], r8",
                "mov [rsp + 72], r9",
                "test al, al",
                "je 2f",
                "movaps [rsp + 80], xmm0",
                "movaps [rsp + 96], xmm1",
                "movaps [rsp + 112], xmm2",
                "movaps [rsp + 128], xmm3",
                "movaps [rsp + 144], xmm4",
                "movaps [rsp + 160], xmm5",
                "movaps [rsp + 176], xmm6",
                "movaps [rsp + 192], xmm7",
                "2:",
                concat!("mov dword ptr [rsp], ", $named_octets),
                "mov dword ptr [rsp + 4], 48",
                "lea rax, [rsp + 224]",
                "mov [rsp + 8], rax",
                "lea rax, [rsp + 32]",
                "mov [rsp + 16], rax",
                concat!("mov ", $register, ", rsp"),
                "call {target}",
                "add rsp, 216",
                "ret",
                target = sym $target,
            )
        }
    };
}

with_va_list!(dprintf, "16", "rdx", vdprintf);
with_va_list!(__dprintf_chk, "24", "rcx", __vdprintf_chk);

/// Saves the register arguments after the first and calls `$target` with the first, them, and the stack's.
macro_rules! with_list {
    ($name:ident, $target:path) => {
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name() -> c_int {
            naked_asm!(
                "lea rax, [rsp + 8]",
                "sub rsp, 56",
                "mov [rsp], rsi",
                "mov [rsp + 8], rdx",
                "mov [rsp + 16], rcx",
                "mov [rsp + 24], r8",
                "mov [rsp + 32], r9",
                "mov rsi, rsp",
                "mov rdx, rax",
                "call {target}",
                "add rsp, 56",
                "ret",
                target = sym $target,
            )
        }
    };
}

with_list!(execl, collected_execl);
with_list!(execlp, collected_execlp);
with_list!(execle, collected_execle);

unsafe extern "C" fn collected_execl(path: *const c_char, registers: Words, stack: Words) -> c_int {
    let list = List::new(registers, stack);
    unsafe { execv(path, list.words.as_ptr()) }
}

unsafe extern "C" fn collected_execlp(file: *const c_char, registers: Words, stack: Words) -> c_int {
    let list = List::new(registers, stack);
    unsafe { execvp(file, list.words.as_ptr()) }
}

unsafe extern "C" fn collected_execle(path: *const c_char, registers: Words, stack: Words) -> c_int {
    let list = List::new(registers, stack);
    unsafe { execve(path, list.words.as_ptr(), list.after.cast()) }
}

/// Words of the caller's frame.
type Words = *const *const c_char;

/// A list that ends with a null pointer, and the word behind that (the environment of execle).
struct List {
    words: Vec<*const c_char>,
    after: *const c_char,
}

impl List {
    fn new(registers: Words, stack: Words) -> Self {
        let word = |number: usize| unsafe {
            match number.checked_sub(REGISTERS) {
                None => *registers.wrapping_add(number),
                Some(number) => *stack.wrapping_add(number),
            }
        };
        let len = (0..).take_while(|number| !word(*number).is_null()).count();
        let words: Vec<_> = (0..=len).map(word).collect();
        // Only execle has a word there; on the stack of the others lies something readable all the same.
        Self { words, after: word(len + 1) }
    }
}

/// rsi, rdx, rcx, r8, r9.
const REGISTERS: usize = 5;
