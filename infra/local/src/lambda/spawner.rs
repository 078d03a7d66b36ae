//! Beginning processes that cannot outlive this one.
//!
//! Linux can kill a process when its parent ends, even when that was killed itself. "Parent" means the very thread that
//! began it, and threads of an async runtime come and go. So one thread, which lives as long as anybody needs it, begins
//! all processes.

use std::{io, sync::mpsc};

use tokio::{
    process::{Child, Command},
    sync::oneshot,
};

type Order = (Command, oneshot::Sender<io::Result<Child>>);

/// A handle of the thread; it ends with the last one.
#[derive(Debug, Clone)]
pub(super) struct Spawner(mpsc::Sender<Order>);

impl Spawner {
    /// Begins the thread. Call it inside a Tokio runtime.
    pub(super) fn begin() -> io::Result<Self> {
        let (orders, next) = mpsc::channel::<Order>();
        let runtime = tokio::runtime::Handle::current();
        std::thread::Builder::new().name("processes".into()).spawn(move || {
            let _inside = runtime.enter();
            for (mut command, began) in next {
                // Whoever asked may have gone meanwhile; the process is killed with its handle.
                let _ = began.send(command.spawn());
            }
        })?;
        Ok(Self(orders))
    }

    /// Begins a process.
    pub(super) async fn spawn(&self, mut command: Command) -> io::Result<Child> {
        command.kill_on_drop(true);
        #[cfg(target_os = "linux")]
        die_with_parent(&mut command);
        let (began, answer) = oneshot::channel();
        let gone = || io::Error::other("the thread that begins processes has ended");
        self.0.send((command, began)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

#[cfg(target_os = "linux")]
#[allow(unsafe_code, reason = "the standard library has no other way to run something between fork and exec")]
fn die_with_parent(command: &mut Command) {
    use rustix::process::{Signal, set_parent_process_death_signal};
    // SAFETY: between fork and exec only async-signal-safe functions may be called. The closure makes one system call,
    // prctl, and neither allocates nor locks: the error of a system call is a number.
    unsafe { command.pre_exec(|| Ok(set_parent_process_death_signal(Some(Signal::KILL))?)) };
}
