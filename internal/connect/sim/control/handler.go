package control

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/pflag"
)

// Simulator is what can be steered; S is what it has counted.
type Simulator[F, S any] interface {
	Faults() F
	SetFaults(F) error
	Stats() S
}

// Handler steers a running simulator over HTTP:
//
//	GET  /faults    the faults in force
//	PUT  /faults    sets them (the whole document; {} is health)
//	GET  /stats     what it did, and what went wrong
//	POST /ORDER     for each order, by its name: does it once
//
// It has no authentication: it is for loopback, where Serve serves it.
func Handler[F, S any](s Simulator[F, S], orders map[string]func()) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.Faults()) })
	mux.HandleFunc("PUT /faults", func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err == nil {
			var faults F
			if err = parse(b, &faults); err == nil {
				err = s.SetFaults(faults)
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply(w, s.Faults())
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.Stats()) })
	for name, order := range orders {
		mux.HandleFunc("POST /"+name, func(w http.ResponseWriter, _ *http.Request) {
			order()
			w.WriteHeader(http.StatusAccepted)
		})
	}
	return mux
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// Flag adds --control to a command; like is an example.
func Flag(fs *pflag.FlagSet, address *string, like string) {
	fs.StringVar(address, "control", "", "loopback address over which faults can be changed while it runs, like "+like)
}

// Loopback refuses a control address that others could reach. "" is none, and allowed.
func Loopback(address string) error {
	if address == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("control address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("control address %q: only a loopback address like 127.0.0.1:%s is allowed, because it asks for no password", address, port)
	}
	return nil
}

// Serve serves a handler at a control address until stop is called, and returns the address in use. Where address is ""
// nothing is served.
func Serve(address string, h http.Handler) (at string, stop func(), err error) {
	if address == "" {
		return "", func() {}, nil
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, fmt.Errorf("listen for control at %s: %w", address, err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second}
	var work sync.WaitGroup
	work.Go(func() { server.Serve(l) })
	return l.Addr().String(), func() { server.Close(); work.Wait() }, nil
}
