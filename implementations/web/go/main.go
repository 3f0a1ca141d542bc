// The web service on net/http, which is what Go's users write such a service with: its server, its router and its
// limits are the standard library's. The contract is in implementations/web/README.md.
package main

import (
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	maxHead   = 8 << 10
	headSlack = 4 << 10 // net/http reads as much more than MaxHeaderBytes
	maxBody   = 64 << 10
	maxN      = 64
	deadline  = 10 * time.Second
	maxIdle   = 60 * time.Second
	grace     = 800 * time.Millisecond // for what is under way when the service is told to end
	usage     = "usage: web [PORT [THREADS [ADDRESS]]]"
)

//go:embed index.html
var page []byte

var knownMethods = map[string]bool{
	"GET": true, "HEAD": true, "POST": true, "PUT": true, "PATCH": true,
	"DELETE": true, "OPTIONS": true, "TRACE": true, "CONNECT": true,
}

func main() {
	listen, threads, err := arguments(os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "web: %v\n%s\n", err, usage)
		os.Exit(2)
	}
	runtime.GOMAXPROCS(threads)
	if err := serve(listen); err != nil {
		fmt.Fprintf(os.Stderr, "web: %v\n", err)
		os.Exit(1)
	}
}

// arguments gives a function that listens where the arguments say, and the number of threads.
func arguments(args []string) (listen func() (net.Listener, error), threads int, err error) {
	port, threads, address := 8080, 1, net.IPv6unspecified
	if len(args) > 3 {
		return nil, 0, errors.New("too many arguments")
	}
	if len(args) > 0 {
		if port, err = strconv.Atoi(args[0]); err != nil || port < 1 || port > 65535 {
			return nil, 0, fmt.Errorf("no port: %s", args[0])
		}
	}
	if len(args) > 1 {
		if threads, err = strconv.Atoi(args[1]); err != nil || threads < 1 || threads > 1024 {
			return nil, 0, fmt.Errorf("no number of threads: %s", args[1])
		}
	}
	if len(args) > 2 {
		if address = net.ParseIP(args[2]); address == nil {
			return nil, 0, fmt.Errorf("no address: %s", args[2])
		}
	}
	return func() (net.Listener, error) {
		listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: address, Port: port})
		if err != nil && address.Equal(net.IPv6unspecified) && !errors.Is(err, syscall.EADDRINUSE) {
			return net.ListenTCP("tcp4", &net.TCPAddr{Port: port}) // this machine has no IPv6
		}
		return listener, err
	}, threads, nil
}

// serve answers until the process is told to end, and then what is under way.
func serve(listen func() (net.Listener, error)) error {
	listener, err := listen()
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:        guarded(routes()),
		ReadTimeout:    deadline, // of a whole request
		IdleTimeout:    maxIdle,
		MaxHeaderBytes: maxHead - headSlack,
	}
	told, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-told.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return server.Close()
	}
	return nil
}

func routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		send(w, "text/html; charset=utf-8", page)
	})
	mux.HandleFunc("GET /json", greet)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		send(w, "text/plain; charset=utf-8", []byte("ok\n"))
	})
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		if body, ok := bodyOf(w, r); ok {
			send(w, "application/octet-stream", body)
		}
	})
	mux.HandleFunc("POST /matmul", matmul)
	return mux
}

// guarded refuses what the router does not: it takes an unknown method for one that a path does not allow.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !knownMethods[r.Method]:
			http.Error(w, "unknown method", http.StatusNotImplemented)
		case r.ContentLength > maxBody:
			w.Header().Set("Connection", "close")
			http.Error(w, "body too large", http.StatusRequestEntityTooLarge)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func send(w http.ResponseWriter, contentType string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // to a client that is gone, there is nothing to say
}

func greet(w http.ResponseWriter, _ *http.Request) {
	date := time.Now().UTC().Format(http.TimeFormat)
	w.Header().Set("Date", date) // net/http's own might be a second later
	send(w, "application/json", []byte(`{"message":"Hello, World!","date":"`+date+`"}`))
}

// bodyOf reads the whole body, or answers why it cannot.
func bodyOf(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	status := http.StatusBadRequest
	switch {
	case err == nil:
		return body, true
	case errors.As(err, &tooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		status = http.StatusRequestTimeout
	}
	w.Header().Set("Connection", "close")
	http.Error(w, http.StatusText(status), status)
	return nil, false
}

func matmul(w http.ResponseWriter, r *http.Request) {
	body, ok := bodyOf(w, r)
	if !ok {
		return
	}
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil || n < 1 || n > maxN || len(body) != 2*8*n*n {
		http.Error(w, "needs n from 1 to 64 and two n x n matrices of float64", http.StatusBadRequest)
		return
	}
	send(w, "application/octet-stream", product(n, body))
}

// product multiplies the two n x n matrices of a body. Each sum is made in the order of k.
func product(n int, body []byte) []byte {
	numbers := make([]float64, 2*n*n)
	for i := range numbers {
		numbers[i] = math.Float64frombits(binary.LittleEndian.Uint64(body[8*i:]))
	}
	A, B := numbers[:n*n], numbers[n*n:]
	C := make([]float64, n*n)
	for i := range n {
		row := C[i*n : i*n+n]
		for k := range n {
			for j, b := range B[k*n : k*n+n] {
				row[j] += float64(A[i*n+k] * b) // without float64, a product may be fused with its sum
			}
		}
	}
	answer := make([]byte, 0, 8*n*n)
	for _, sum := range C {
		answer = binary.LittleEndian.AppendUint64(answer, math.Float64bits(sum))
	}
	return answer
}
