//! The functions that C calls. All that is unsafe in the project is here, and all of it is text: what comes
//! in is read as `include/congvan.h` promises, and what goes out is the caller's until it is handed back.
//! Nodes go out as numbers, so that no mistake of the caller's reaches freed memory by one.
#![allow(unsafe_code)]
#![deny(unsafe_op_in_unsafe_fn)]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use congvan::blocking::Blocking;

use crate::ask::{self, Failure};

/// The running nodes by their numbers, which are never given twice.
static NODES: Mutex<Nodes> = Mutex::new(Nodes { running: BTreeMap::new(), last: 0 });

struct Nodes {
    running: BTreeMap<u64, Arc<Blocking>>,
    last: u64,
}

fn nodes() -> MutexGuard<'static, Nodes> {
    NODES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a node and returns its number. On failure that is 0, and `*error`, where `error` is not null,
/// is an answer that says why, to be freed; else `*error` is null.
///
/// # Safety
/// `options` is null or a string that ends in a zero byte; `error` is null or may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn congvan_start(options: *const c_char, error: *mut *mut c_char) -> u64 {
    let started = guarded(|| {
        // SAFETY: the caller promises what `text` asks.
        let node = ask::start(unsafe { text(&options) }?)?;
        let mut nodes = nodes();
        nodes.last += 1;
        let number = nodes.last;
        nodes.running.insert(number, Arc::new(node));
        Ok(number)
    });
    let (number, said) = match started {
        Ok(number) => (number, None),
        Err(failure) => (0, Some(failure.json())),
    };
    if !error.is_null() {
        let said = said.map_or(ptr::null_mut(), hand_over);
        // SAFETY: the caller promises that it may be written where it is not null.
        unsafe { error.write(said) };
    }
    number
}

/// Answers a question to the node with this number; both are JSON. The answer is never null, and to be
/// freed.
///
/// # Safety
/// `question` is null or a string that ends in a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn congvan_call(node: u64, question: *const c_char) -> *mut c_char {
    let answer = guarded(|| {
        let running = nodes().running.get(&node).cloned();
        // SAFETY: the caller promises what `text` asks.
        ask::call(running.as_deref(), unsafe { text(&question) }?)
    });
    hand_over(answer.unwrap_or_else(Failure::json))
}

/// Shuts a node down and closes its ledger. Calls of other threads end with an error. A number that no node
/// has does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn congvan_stop(node: u64) {
    let _ = guarded(|| {
        let running = nodes().running.remove(&node);
        if let Some(node) = running {
            node.shutdown();
        }
        Ok(())
    });
}

/// Frees an answer; null does nothing.
///
/// # Safety
/// `answer` is null or came from this library and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn congvan_free(answer: *mut c_char) {
    if !answer.is_null() {
        // SAFETY: it came from `CString::into_raw` in `hand_over`, and the caller hands it back once.
        drop(unsafe { CString::from_raw(answer) });
    }
}

/// A string of the caller's, for as long as `pointer` is borrowed.
///
/// # Safety
/// It is null or ends in a zero byte, and is not written to meanwhile.
unsafe fn text(pointer: &*const c_char) -> Result<&str, Failure> {
    if pointer.is_null() {
        return Err(Failure::new("the text is null: give a string of JSON that ends in a zero byte"));
    }
    // SAFETY: the caller's promise, and it is not null.
    let text = unsafe { CStr::from_ptr(*pointer) };
    text.to_str().map_err(|_| Failure::new("the text is not UTF-8: JSON has to be"))
}

/// The same text for C, without the zero bytes that it could not tell from the end; JSON has none.
fn hand_over(mut text: String) -> *mut c_char {
    text.retain(|c| c != '\0');
    CString::new(text).unwrap_or_default().into_raw()
}

/// No panic crosses the border: a defect is an answer like any other.
fn guarded<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(Failure::new("a defect in the library, which said more on standard error")))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    /// What came out, freed.
    fn taken(answer: *mut c_char) -> String {
        // SAFETY: each test hands over what this library gave it, once.
        let text = unsafe { CStr::from_ptr(answer) }.to_str().unwrap().to_owned();
        // SAFETY: as above.
        unsafe { congvan_free(answer) };
        text
    }

    #[test]
    fn null_and_what_is_not_utf_8_are_answered_and_not_read() {
        // SAFETY: null is allowed, and the others end in a zero byte.
        unsafe {
            assert!(taken(congvan_call(0, ptr::null())).contains("null"));
            assert!(taken(congvan_call(0, c"\xff".as_ptr())).contains("UTF-8"));
            let mut error = ptr::null_mut();
            assert_eq!(congvan_start(c"{}".as_ptr(), &raw mut error), 0);
            assert!(taken(error).contains("dir"));
            assert_eq!(congvan_start(ptr::null(), ptr::null_mut()), 0);
            congvan_free(ptr::null_mut());
        }
    }

    #[test]
    fn a_node_that_was_never_started_is_no_node() {
        congvan_stop(u64::MAX);
        // SAFETY: the question ends in a zero byte.
        let answer = taken(unsafe { congvan_call(u64::MAX, c"{\"ask\": \"node\"}".as_ptr()) });
        assert!(answer.contains("congvan_start"), "{answer}");
    }

    #[test]
    fn a_panic_becomes_an_answer() {
        let failed = guarded::<()>(|| panic!("on purpose"));
        assert!(failed.unwrap_err().json().contains("a defect"));
    }
}
