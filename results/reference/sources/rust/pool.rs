//! Fork and join for exactly so many threads: who waits for the tasks that it forked works on any task there is.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

pub struct Pool<T> {
    work: fn(&Self, T),
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    /// Each with the number of its siblings, itself included, that are not done.
    tasks: Vec<(T, Arc<AtomicUsize>)>,
    over: bool,
}

impl<T: Send> Pool<T> {
    /// Runs `work` on a task, and on all that it forks, with the calling thread as one of `threads`.
    pub fn run(threads: usize, task: T, work: fn(&Self, T)) {
        let state = State { tasks: Vec::new(), over: false };
        let pool = Self { work, state: Mutex::new(state), changed: Condvar::new() };
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| pool.help_until(|state| state.over));
            }
            work(&pool, task);
            pool.lock().over = true;
            pool.changed.notify_all();
        });
    }

    /// Works on tasks that may run at once, and returns when all are done.
    pub fn fork_and_join<const N: usize>(&self, tasks: [T; N]) {
        let open = Arc::new(AtomicUsize::new(N));
        let forked = tasks.map(|task| (task, Arc::clone(&open)));
        self.lock().tasks.extend(forked);
        self.changed.notify_all();
        self.help_until(|_| open.load(Relaxed) == 0);
    }

    fn help_until(&self, finished: impl Fn(&State<T>) -> bool) {
        let mut state = self.lock();
        while !finished(&state) {
            if let Some((task, open)) = state.tasks.pop() {
                drop(state);
                (self.work)(self, task);
                state = self.lock();
                // The lock orders this, and the task's writes, before whoever sees the count.
                if open.fetch_sub(1, Relaxed) == 1 {
                    self.changed.notify_all();
                }
            } else {
                state = self.changed.wait(state).expect(POISONED);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().expect(POISONED)
    }
}

const POISONED: &str = "no task panics";
