//! Polling futures on this thread. Nothing here ever waits: a future that is not done and has not asked to be polled
//! again has been ended by a fault.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

/// The function was ended by a fault of the script, or waits for something that is not of this world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped;

/// Runs a future to its end.
///
/// # Panics
/// When a fault of the script ends it; use [`crate::World::run`] to see that as a value.
pub fn block_on<F: Future>(future: F) -> F::Output {
    run(future).expect("the future was ended by a fault, or waits for something outside the simulated world")
}

pub(crate) fn run<F: Future>(future: F) -> Result<F::Output, Stopped> {
    let mut future = pin!(future);
    loop {
        if let Some(done) = step(future.as_mut()) {
            return done;
        }
    }
}

/// Polls once: the result, or `None` when it wants to be polled again.
pub(crate) fn step<F: Future + ?Sized>(future: Pin<&mut F>) -> Option<Result<F::Output, Stopped>> {
    let woken = Arc::new(Woken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&woken));
    match future.poll(&mut Context::from_waker(&waker)) {
        Poll::Ready(output) => Some(Ok(output)),
        Poll::Pending if woken.0.load(Ordering::Relaxed) => None,
        Poll::Pending => Some(Err(Stopped)),
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Lets others go first, once.
pub(crate) fn yield_now() -> impl Future<Output = ()> + Send {
    let mut yielded = false;
    std::future::poll_fn(move |context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}
