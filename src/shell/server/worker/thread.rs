//! One worker: dialogue first, then sound, and a look at the clock in between.

use super::command::{Ask, Command, Side, Sound};
use super::live::Live;
use super::load::Load;
use super::readings::Readings;
use super::sound::Next;
use crate::config::EngineConfig;
use crate::dialogue::Words;
use crate::model::{ModelCard, Reading};
use crate::shell::delivery::Destinations;
use crate::shell::output::record::Run;
use crate::shell::server::bus::Bus;
use crate::shell::server::calls::{Calls, Ended};
use crate::shell::server::config::ServerConfig;
use crate::shell::server::current::Current;
use crate::shell::server::ledger::Ledger;
use crate::shell::server::problem::Problem;
use crate::shell::server::ticket::Tickets;
use crate::shell::weights::BoxedModel;
use crossbeam_channel::{Receiver, select_biased};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often transfers are held against their budget.
const TICK: Duration = Duration::from_millis(20);
/// How often calls of which nothing is heard are looked for, and the load is told.
const SECOND: Duration = Duration::from_secs(1);

/// What all workers share. At a reload it is made anew; a call keeps the one that it began with.
#[derive(Clone)]
pub struct World {
    /// How the engine decides.
    pub engine: EngineConfig,
    /// The rules that words are read with.
    pub words: Arc<Words>,
    /// The model's card.
    pub card: ModelCard,
    /// What outputs say of model and configuration.
    pub run: Run,
    /// The server's bounds.
    pub server: ServerConfig,
    /// Who is told.
    pub destinations: Arc<Current<Destinations>>,
    /// All calls.
    pub calls: Arc<Calls>,
    /// The way out.
    pub bus: Arc<Bus>,
    /// The store.
    pub ledger: Arc<Ledger>,
    /// Links for browsers.
    pub tickets: Arc<Tickets>,
    /// How the server is reached from outside.
    pub base_url: String,
}

/// A worker's belongings.
pub struct Worker {
    place: usize,
    model: BoxedModel,
    world: Arc<Current<World>>,
    /// Boxed: a table that grows holds room for twice as many.
    calls: HashMap<Arc<str>, Box<Live>>,
    readings: Readings,
    load: Load,
    tick: Instant,
    second: Instant,
    busy: Duration,
}

impl Worker {
    /// The worker at `place`, which reads voices with `model`.
    pub fn new(place: usize, model: BoxedModel, world: Arc<Current<World>>) -> Self {
        let now = Instant::now();
        Self {
            readings: Readings::new(&world.get().card),
            load: Load::default(),
            place,
            model,
            world,
            calls: HashMap::new(),
            tick: now + TICK,
            second: now + SECOND,
            busy: Duration::ZERO,
        }
    }

    /// Works until everybody who could ask is gone.
    pub fn run(mut self, asked: &Receiver<Command>, heard: &Receiver<Sound>) {
        loop {
            let wait = self.tick.saturating_duration_since(Instant::now());
            // In this order: a request for a human waits for one block of sound, or one batch of
            // readings, at most.
            select_biased! {
                recv(asked) -> command => match command {
                    Ok(command) => self.timed(|worker| worker.command(command)),
                    Err(_) => break,
                },
                recv(heard) -> sound => if let Ok(sound) = sound {
                    self.timed(|worker| worker.sound(&sound));
                },
                default(wait) => {}
            }
            if self.readings.due(!heard.is_empty()) {
                self.timed(Self::read);
            }
            if Instant::now() >= self.tick {
                self.timed(Self::look_at_the_clock);
            }
        }
    }

    fn timed(&mut self, work: impl FnOnce(&mut Self)) {
        let since = Instant::now();
        work(self);
        self.busy += since.elapsed();
    }

    fn command(&mut self, Command { call, ask }: Command) {
        // What was heard before it comes first.
        self.catch_up(&call.id);
        let known = self.calls.contains_key(&call.id);
        match ask {
            Ask::Open(reply) => {
                if known {
                    let _ = reply.send(Ok(()));
                    return;
                }
                match Live::new(&call, &self.world.get()) {
                    Ok(mut live) => {
                        live.open(Some(reply));
                        self.calls.insert(call.id.clone(), Box::new(live));
                    }
                    Err(error) => {
                        // The configuration was checked when it came into force.
                        let _ = reply.send(Err(Problem::fault(error.to_string())));
                    }
                }
                return;
            }
            Ask::Restore(restored) => {
                match Live::new(&call, &self.world.get()) {
                    Ok(mut live) => {
                        live.restore(*restored);
                        self.calls.insert(call.id.clone(), Box::new(live));
                    }
                    Err(error) => {
                        tracing::error!(call = %call.id, %error, "a call was not restored")
                    }
                }
                return;
            }
            _ => {}
        }
        let Some(live) = self.calls.get_mut(&call.id) else {
            refuse(ask);
            return;
        };
        match ask {
            Ask::Open(_) | Ask::Restore(_) => {}
            Ask::Say(say) => live.say(say),
            Ask::Handoff(reply) => {
                let _ = reply.send(Ok(live.payload()));
            }
            Ask::Listen(format, reply) => {
                let _ = reply.send(live.listen(format));
            }
            Ask::Transfer(report, reply) => live.report(report, reply),
            Ask::Close(because, reply) => {
                if let Some(mut live) = self.calls.remove(&call.id) {
                    live.close(because, self.model.as_mut(), Some(reply));
                }
            }
        }
    }

    fn sound(&mut self, sound: &Sound) {
        let id = &sound.call.id;
        self.load.waited(sound.since.elapsed());
        if sound.format.side == Side::Agent && !sound.last && !self.load.hears_agents() {
            metrics::counter!("undertone_agent_blocks_shed_total").increment(1);
            if let Some(live) = self.calls.get_mut(id) {
                live.pass_agent(sound);
            }
            return;
        }
        self.catch_up(id);
        if let Some(live) = self.calls.get_mut(id) {
            let next = live.hear(sound);
            self.follow(id, next);
        }
    }

    /// Makes the readings that a call waits for.
    fn catch_up(&mut self, id: &Arc<str>) {
        while self.readings.holds(id) {
            self.read();
        }
    }

    /// Goes on with a call until a reading is due, or all was heard.
    fn follow(&mut self, id: &Arc<str>, mut next: Next) {
        while let Some(live) = self.calls.get_mut(id) {
            match next {
                Next::Heard { hang_up: false } => return,
                Next::Heard { hang_up: true } => {
                    if let Some(mut live) = self.calls.remove(id) {
                        live.close(Ended::HungUp, self.model.as_mut(), None);
                    }
                    return;
                }
                Next::Due => {
                    let needs = live.needs(self.load.one_reading_in());
                    if needs > 0 {
                        live.write_windows(&mut self.readings.windows);
                        self.readings.wait(id, needs);
                        return;
                    }
                    metrics::counter!("undertone_readings_shed_total").increment(1);
                    next = live.go_on();
                }
            }
        }
    }

    /// Makes all readings that are due in one batch, and goes on with their calls. Those wait again
    /// at most, so there is room for them.
    fn read(&mut self) {
        let waiting = self.readings.take();
        let windows = self.readings.windows.len();
        metrics::histogram!("undertone_batch_windows").record(windows as f64);
        let mut first = 0;
        // Taken out, as the calls go on and write into the batch.
        let readings = self.readings.windows.read(self.model.as_mut());
        let readings = readings.map(<[Reading]>::to_vec);
        for (id, windows) in waiting {
            let own = first..first + windows;
            first += windows;
            if let Some(live) = self.calls.get_mut(&id) {
                live.read(readings.as_ref().map(|all| &all[own]).map_err(|it| *it));
                let next = live.go_on();
                self.follow(&id, next);
            }
        }
    }

    fn look_at_the_clock(&mut self) {
        let now = Instant::now();
        self.tick = now + TICK;
        let late = self.world.get().server.shed_after_ms;
        let late = Duration::from_millis(late.into());
        if let Some(level) = self.load.tick(late) {
            let worker = self.place.to_string();
            tracing::warn!(
                worker,
                level,
                one_reading_in = self.load.one_reading_in(),
                "load"
            );
            metrics::gauge!("undertone_shed_level", "worker" => worker).set(f64::from(level));
        }
        for live in self.calls.values_mut() {
            live.tick();
        }
        if now < self.second {
            return;
        }
        let share = self.busy.as_secs_f64() / (now - self.second + SECOND).as_secs_f64();
        let worker = self.place.to_string();
        metrics::gauge!("undertone_worker_load", "worker" => worker).set(share);
        (self.busy, self.second) = (Duration::ZERO, now + SECOND);
        let world = self.world.get();
        let server = &world.server;
        let spoken = Duration::from_secs_f64(server.idle_timeout_s);
        let written = Duration::from_secs_f64(server.written_timeout_s);
        let calls = self.calls.iter();
        let idle = calls.filter(|(_, live)| live.idle(now, spoken, written));
        let idle: Vec<_> = idle.map(|(id, _)| id.clone()).collect();
        for id in idle {
            self.catch_up(&id);
            if let Some(mut live) = self.calls.remove(&id) {
                tracing::info!(call = %id, "nothing was heard of the call for too long");
                live.close(Ended::Idle, self.model.as_mut(), None);
            }
        }
    }
}

/// Answers what is asked of a call that has ended.
fn refuse(ask: Ask) {
    let problem = Problem::conflict("the call has ended");
    // Who asked may have gone.
    let _ = match ask {
        Ask::Open(reply) | Ask::Transfer(_, reply) => reply.send(Err(problem)).is_ok(),
        // Closed is what it is.
        Ask::Close(_, reply) => reply.send(Ok(())).is_ok(),
        Ask::Say(say) => say.reply.send(Err(problem)).is_ok(),
        Ask::Handoff(reply) => reply.send(Err(problem)).is_ok(),
        Ask::Listen(_, reply) => reply.send(Err(problem)).is_ok(),
        Ask::Restore(_) => true,
    };
}
