//! The web service on hyper and tokio, which carry most of the HTTP that is served in Rust; no framework on top of
//! them, as five routes need none. The contract is in implementations/web/README.md.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::task::Poll;
use std::time::{Duration, SystemTime};
use std::{env, io};

use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, HOST, HeaderValue, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{sleep, timeout};

static PAGE: &[u8] = include_bytes!("index.html");

const KNOWN: [Method; 9] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
    Method::TRACE,
    Method::CONNECT,
];
const MAX_HEAD: usize = 8 << 10;
const MAX_BODY: usize = 64 << 10;
const MAX_N: usize = 64;
/// Of a head, for which hyper has a clock of its own, and of a body.
const DEADLINE: Duration = Duration::from_secs(10);
/// For what is under way when the service is told to end.
const GRACE: Duration = Duration::from_millis(800);
const USAGE: &str = "usage: web [PORT [THREADS [ADDRESS]]]";

type Answer = Response<Full<Bytes>>;

struct Arguments {
    address: SocketAddr,
    threads: usize,
}

fn main() -> ExitCode {
    let arguments = match Arguments::parse(env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(reason) => return fail(2, &format!("{reason}\n{USAGE}")),
    };
    match runtime(arguments.threads).and_then(|runtime| runtime.block_on(serve(arguments.address))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => fail(1, &reason.to_string()),
    }
}

fn fail(code: u8, reason: &str) -> ExitCode {
    eprintln!("web: {reason}");
    ExitCode::from(code)
}

impl Arguments {
    fn parse(mut given: impl Iterator<Item = String>) -> Result<Self, String> {
        let number = |text: String, most: usize| match text.parse() {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => Err(format!("no number from 1 to {most}: {text}")),
        };
        let port = given.next().map_or(Ok(8080), |port| number(port, 65535))?;
        let threads = given.next().map_or(Ok(1), |threads| number(threads, 1024))?;
        let ip: IpAddr = match given.next() {
            None => Ipv6Addr::UNSPECIFIED.into(),
            Some(ip) => ip.parse().map_err(|_| format!("no address: {ip}"))?,
        };
        let port = u16::try_from(port).unwrap_or(u16::MAX);
        match given.next() {
            None => Ok(Self { address: SocketAddr::new(ip, port), threads }),
            Some(_) => Err("too many arguments".into()),
        }
    }
}

fn runtime(threads: usize) -> io::Result<Runtime> {
    if threads == 1 {
        return Builder::new_current_thread().enable_all().build();
    }
    Builder::new_multi_thread().worker_threads(threads).enable_all().build()
}

async fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(address).await {
        Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && error.kind() != io::ErrorKind::AddrInUse => {
            TcpListener::bind((Ipv4Addr::UNSPECIFIED, address.port())).await // this machine has no IPv6
        }
        bound => bound,
    }
}

/// Answers until the process is told to end, and then what is under way.
async fn serve(address: SocketAddr) -> io::Result<()> {
    let listener = listen(address).await?;
    let mut told = signal(SignalKind::terminate())?;
    let connections = GracefulShutdown::new();
    while let Some(accepted) = poll_fn(|context| match told.poll_recv(context) {
        Poll::Ready(_) => Poll::Ready(None),
        Poll::Pending => listener.poll_accept(context).map(Some),
    })
    .await
    {
        let Ok((stream, _)) = accepted else {
            sleep(Duration::from_millis(10)).await; // out of descriptors, of which some will be closed
            continue;
        };
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(DEADLINE)
            .max_buf_size(MAX_HEAD)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(connections.watch(connection));
    }
    drop(listener);
    let _ = timeout(GRACE, connections.shutdown()).await;
    Ok(())
}

async fn answer(request: Request<Incoming>) -> Result<Answer, Infallible> {
    Ok(route(request).await.unwrap_or_else(refusal))
}

async fn route(request: Request<Incoming>) -> Result<Answer, StatusCode> {
    refuse_bad_head(&request)?;
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match (request.uri().path(), reads) {
        ("/", true) => Ok(content("text/html; charset=utf-8", PAGE)),
        ("/json", true) => Ok(greeting()),
        ("/healthz", true) => Ok(content("text/plain; charset=utf-8", "ok\n")),
        ("/echo", false) if request.method() == Method::POST => {
            Ok(content("application/octet-stream", body_of(request).await?))
        }
        ("/matmul", false) if request.method() == Method::POST => matmul(request).await,
        ("/" | "/json" | "/healthz", _) => Ok(not_allowed("GET, HEAD")),
        ("/echo" | "/matmul", _) => Ok(not_allowed("POST")),
        _ => Err(StatusCode::NOT_FOUND),
    }
}

/// What hyper leaves to its user: the host, unknown methods and codings, and the length of a body by its head.
fn refuse_bad_head(request: &Request<Incoming>) -> Result<(), StatusCode> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_host = |host: &HeaderValue| {
        host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(|it| !it.as_str().contains('@'))
    };
    let valid = match (hosts.next(), hosts.next()) {
        (None, None) => request.version() != Version::HTTP_11,
        (Some(host), None) => is_host(host),
        _ => false,
    };
    if !valid {
        return Err(StatusCode::BAD_REQUEST);
    }
    let mut codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    let is_chunked = codings.next().is_none_or(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"));
    if !KNOWN.contains(request.method()) || !is_chunked || codings.next().is_some() {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    if request.body().size_hint().lower() > MAX_BODY as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    Ok(())
}

fn content(content_type: &'static str, body: impl Into<Bytes>) -> Answer {
    let body = body.into();
    let length = body.len();
    let mut answer = Response::new(Full::new(body));
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    answer
}

/// The date is made once: hyper's own, in the head, might be a second later.
fn greeting() -> Answer {
    let date = httpdate::fmt_http_date(SystemTime::now());
    let mut answer = content("application/json", format!(r#"{{"message":"Hello, World!","date":"{date}"}}"#));
    if let Ok(date) = date.try_into() {
        answer.headers_mut().insert(DATE, date);
    }
    answer
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = refusal(StatusCode::METHOD_NOT_ALLOWED);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    answer
}

fn refusal(status: StatusCode) -> Answer {
    let mut answer = content("text/plain; charset=utf-8", format!("{status}\n"));
    *answer.status_mut() = status;
    if !matches!(status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) {
        answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

async fn body_of(request: Request<Incoming>) -> Result<Bytes, StatusCode> {
    let body = Limited::new(request.into_body(), MAX_BODY).collect();
    match timeout(DEADLINE, body).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

async fn matmul(request: Request<Incoming>) -> Result<Answer, StatusCode> {
    let n = request.uri().query().unwrap_or_default().strip_prefix("n=").and_then(|n| n.parse().ok());
    let body = body_of(request).await?;
    match n {
        Some(n @ 1..=MAX_N) if body.len() == 2 * 8 * n * n => {
            Ok(content("application/octet-stream", product(n, &body)))
        }
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

/// The product of the two n x n matrices in a body, each sum made in the order of k.
fn product(n: usize, body: &[u8]) -> Vec<u8> {
    let (numbers, _) = body.as_chunks::<8>();
    let numbers: Vec<f64> = numbers.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
    let (a, b) = numbers.split_at(n * n);
    let mut c = vec![0.0; n * n];
    for (row, sums) in a.chunks_exact(n).zip(c.chunks_exact_mut(n)) {
        for (&a, b) in row.iter().zip(b.chunks_exact(n)) {
            for (sum, &b) in sums.iter_mut().zip(b) {
                *sum += a * b;
            }
        }
    }
    c.into_iter().flat_map(f64::to_le_bytes).collect()
}
