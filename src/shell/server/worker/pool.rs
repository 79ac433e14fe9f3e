//! The workers: which call goes to which, and two bounded ways into each.

use super::command::{Ask, Command, Reply, Sound};
use super::thread::{Worker, World};
use crate::shell::server::calls::Call;
use crate::shell::server::current::Current;
use crate::shell::server::problem::Problem;
use crate::shell::weights::BoxedModel;
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// The ways into one worker. Dialogue is served first: a request for a human waits for no sound.
struct Lane {
    dialogue: Sender<Command>,
    sound: Sender<Sound>,
}

/// All workers.
pub struct Pool {
    lanes: Vec<Lane>,
}

/// The threads, to be waited for after the pool is gone.
pub struct Threads(Vec<JoinHandle<()>>);

impl Threads {
    /// Waits until every worker has ended.
    pub fn join(self) {
        for thread in self.0 {
            // A panic was printed by its own thread.
            let _ = thread.join();
        }
    }
}

impl Pool {
    /// A thread for each model.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(
        models: Vec<BoxedModel>,
        world: &Arc<Current<World>>,
    ) -> io::Result<(Self, Threads)> {
        let server = &world.get().server;
        let (mut lanes, mut threads) = (Vec::new(), Vec::new());
        for (place, model) in models.into_iter().enumerate() {
            let (dialogue, asked) = bounded(server.dialogue_queue as usize);
            let (sound, heard) = bounded(server.audio_queue as usize);
            threads.push(spawn(place, model, world.clone(), asked, heard)?);
            lanes.push(Lane { dialogue, sound });
        }
        Ok((Self { lanes }, Threads(threads)))
    }

    /// Asks the worker of `call`, and waits for its answer.
    ///
    /// # Errors
    /// 503 where its queue is full or it has ended; otherwise the worker's own refusal.
    pub async fn ask<T>(
        &self,
        call: &Arc<Call>,
        ask: impl FnOnce(Reply<T>) -> Ask,
    ) -> Result<T, Problem> {
        let (reply, answer) = oneshot::channel();
        self.send(call, ask(reply))?;
        let lost = |_| Problem::busy("the server is stopping");
        answer.await.map_err(lost)?
    }

    /// Asks the worker of `call` without waiting.
    ///
    /// # Errors
    /// 503 where its queue is full or it has ended.
    pub fn send(&self, call: &Arc<Call>, ask: Ask) -> Result<(), Problem> {
        let call = call.clone();
        let lane = self.lane(&call)?;
        match lane.dialogue.try_send(Command { call, ask }) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => {
                metrics::counter!("undertone_dialogue_refused_total").increment(1);
                Err(Problem::busy("too many messages wait"))
            }
            Err(TrySendError::Disconnected(_)) => Err(Problem::busy("the server is stopping")),
        }
    }

    /// Asks the worker of `call`, or gives the question back where its queue is full.
    pub fn offer(&self, call: &Arc<Call>, ask: Ask) -> Result<(), Ask> {
        let command = Command {
            call: call.clone(),
            ask,
        };
        match self.lanes.get(call.worker) {
            Some(lane) => {
                let sent = lane.dialogue.try_send(command);
                sent.map_err(|error| error.into_inner().ask)
            }
            None => Err(command.ask),
        }
    }

    /// Gives sound to the worker of its call, or gives it back where the queue is full.
    pub fn hear(&self, sound: Sound) -> Result<(), Sound> {
        match self.lanes.get(sound.call.worker) {
            Some(lane) => lane.sound.try_send(sound).map_err(TrySendError::into_inner),
            None => Err(sound),
        }
    }

    /// What waits: messages and blocks of sound, by worker.
    pub fn depths(&self) -> impl Iterator<Item = (usize, usize)> {
        let depths = |lane: &Lane| (lane.dialogue.len(), lane.sound.len());
        self.lanes.iter().map(depths)
    }

    fn lane(&self, call: &Call) -> Result<&Lane, Problem> {
        let lane = self.lanes.get(call.worker);
        lane.ok_or_else(|| Problem::fault("the call has no worker"))
    }
}

fn spawn(
    place: usize,
    model: BoxedModel,
    world: Arc<Current<World>>,
    asked: Receiver<Command>,
    heard: Receiver<Sound>,
) -> io::Result<JoinHandle<()>> {
    let name = format!("calls-{place}");
    let run = move || Worker::new(place, model, world).run(&asked, &heard);
    std::thread::Builder::new().name(name).spawn(run)
}
