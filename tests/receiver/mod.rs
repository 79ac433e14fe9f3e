//! A receiver of webhooks on a thread of its own: it keeps what came, and answers as a test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub at: Instant,
    /// Microseconds since 1970.
    pub at_us: u128,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// How to answer: status, more header lines, and how long to wait before.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub after: Duration,
}

pub fn answer(status: u16) -> Answer {
    Answer {
        status,
        headers: String::new(),
        after: Duration::ZERO,
    }
}

type Script = Arc<dyn Fn(usize, &Request) -> Answer + Send + Sync>;

/// A receiver that listens on a port of its own until the test ends.
#[derive(Clone)]
pub struct Receiver {
    pub port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    /// `script` is given the number of the request, from 0, and the request.
    pub fn start(script: impl Fn(usize, &Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let receiver = Self {
            port: listener.local_addr().unwrap().port(),
            requests: Arc::default(),
        };
        let (requests, script): (_, Script) = (receiver.requests.clone(), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (requests, script) = (requests.clone(), script.clone());
                thread::spawn(move || serve(stream, &requests, &script));
            }
        });
        receiver
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Waits until `count` requests have come.
    pub fn wait_for(&self, count: usize) -> Vec<Request> {
        let began = Instant::now();
        while self.requests.lock().unwrap().len() < count {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{count} requests never came"
            );
            thread::sleep(Duration::from_millis(2));
        }
        self.requests()
    }
}

fn serve(stream: TcpStream, requests: &Mutex<Vec<Request>>, script: &Script) {
    let mut writing = stream.try_clone().unwrap();
    let mut reading = BufReader::new(stream);
    while let Some(request) = read(&mut reading) {
        let mut all = requests.lock().unwrap();
        let answer = script(all.len(), &request);
        all.push(request);
        drop(all);
        thread::sleep(answer.after);
        let head = format!(
            "HTTP/1.1 {} it\r\n{}content-length: 2\r\n\r\nok",
            answer.status, answer.headers
        );
        if writing.write_all(head.as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reading: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reading.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let (at, since) = (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH));
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reading.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, value)| value.parse().unwrap())];
    reading.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
        body,
        at,
        at_us: since.unwrap().as_micros(),
    })
}
