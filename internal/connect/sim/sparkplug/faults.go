package sparkplug

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// Faults says what goes wrong. Probabilities are drawn from the seed; the zero value is health.
type Faults struct {
	Drop    float64 `json:"drop"`    // a data message breaks the connection instead
	Swallow float64 `json:"swallow"` // a data message is counted and not sent
	Silent  float64 `json:"silent"`  // a new connection goes on with data, by alias, without births
	Replay  float64 `json:"replay"`  // a data message is followed by the births of the session's beginning
}

// checked returns an error that names the field, its value and the mend.
func (f Faults) checked() (Faults, error) {
	for name, p := range map[string]float64{"drop": f.Drop, "swallow": f.Swallow, "silent": f.Silent, "replay": f.Replay} {
		if !(p >= 0 && p <= 1) {
			return f, fmt.Errorf("fault %s is %v: a probability within 0 and 1 is wanted", name, p)
		}
	}
	return f, nil
}

// ParseFaults reads faults from JSON; an unknown field is an error.
func ParseFaults(b []byte) (Faults, error) {
	var f Faults
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return f, fmt.Errorf("faults: %w", err)
	}
	if d.More() {
		return f, errors.New("faults: more than one JSON value")
	}
	return f.checked()
}

// Handler steers a running simulator over HTTP:
//
//	GET  /faults    the faults in force
//	PUT  /faults    sets them (the whole document; {} is health)
//	POST /drop      breaks the connection once
//	GET  /stats     what was published and what went wrong
//
// It has no authentication: it is for loopback.
func (s *Simulator) Handler() http.Handler {
	mux := http.NewServeMux()
	reply := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.Faults()) })
	mux.HandleFunc("PUT /faults", func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
		if err == nil {
			var f Faults
			if f, err = ParseFaults(b); err == nil {
				err = s.SetFaults(f)
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		reply(w, s.Faults())
	})
	mux.HandleFunc("POST /drop", func(w http.ResponseWriter, _ *http.Request) {
		s.Drop()
		w.WriteHeader(http.StatusAccepted)
	})
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.Stats()) })
	return mux
}

// loopback refuses a control address that others could reach.
func loopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("control address %q: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("control address %q: only a loopback address like 127.0.0.1:1881 is allowed, because it asks for no password", address)
	}
	return nil
}
