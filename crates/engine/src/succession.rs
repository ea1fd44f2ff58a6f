//! The change of places: this process hands its sockets to a newer one, goes on until that one serves, and then drains.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use plimsoll_net::{descriptors, heritage};

use crate::process::{Engine, lock};

impl Engine {
    /// Sends every listening socket over the descriptor that it gives. When the other end says that it serves, this process goes; when
    /// the other end is closed first, nothing has happened.
    pub(crate) fn hand_over(self: &Arc<Self>) -> Result<OwnedFd, String> {
        if !self.is_ready() {
            return Err("this process is ending already".to_owned());
        }
        let (near, far) = descriptors::pair().map_err(|error| error.to_string())?;
        let engine = Arc::downgrade(self);
        // The control thread goes on meanwhile: a successor may take its time.
        let waiting = move || match heritage::leave(&near).and_then(|()| heritage::await_successor(&near)) {
            Ok(true) => {
                if let Some(engine) = engine.upgrade() {
                    engine.succeed();
                }
            }
            Ok(false) => eprintln!("lb: the process that asked for the sockets has gone; nothing has changed"),
            Err(error) => eprintln!("lb: the sockets could not be handed over, nothing has changed: {error}"),
        };
        let thread = thread::Builder::new().name("successor".to_owned()).spawn(waiting);
        thread.map_err(|error| error.to_string())?;
        Ok(far)
    }

    /// Those who ask are the successor's now.
    fn succeed(&self) {
        if let Some(control) = &*lock(&self.control) {
            control.hand_over();
        }
        self.replaced.store(true, Relaxed);
        self.succeeded.notify_one();
    }

    /// Waits until another process has taken this one's place.
    pub async fn until_succeeded(&self) {
        self.succeeded.notified().await;
    }
}
