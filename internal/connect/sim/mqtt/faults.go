package mqtt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Faults says what goes wrong. Probabilities are per message, 0..1, and drawn from the seed; the zero value is health.
type Faults struct {
	Drop      float64  `json:"drop"`      // the connection breaks before the message's acknowledgement
	Malformed float64  `json:"malformed"` // half an object is sent; the whole one follows
	WrongType float64  `json:"wrongType"` // a number of the object becomes a text
	Stall     float64  `json:"stall"`     // the device falls silent for StallFor
	StallFor  Duration `json:"stallFor"`  // default 5s
}

// Duration is written as in "1.5s".
type Duration time.Duration

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil || v < 0 || v > time.Hour {
		return fmt.Errorf("%q is not a duration within 0 and 1h, like 1.5s", b)
	}
	*d = Duration(v)
	return nil
}

// checked fills in the defaults; the error names the field, its value and the mend.
func (f Faults) checked() (Faults, error) {
	for name, p := range map[string]float64{"drop": f.Drop, "malformed": f.Malformed, "wrongType": f.WrongType, "stall": f.Stall} {
		if !(p >= 0 && p <= 1) {
			return f, fmt.Errorf("fault %s is %v: a probability within 0 and 1 is wanted", name, p)
		}
	}
	if f.StallFor == 0 {
		f.StallFor = Duration(5 * time.Second)
	}
	if f.StallFor < 0 || time.Duration(f.StallFor) > time.Hour {
		return f, fmt.Errorf("fault stallFor is %v: a duration within 0 and 1h is wanted", time.Duration(f.StallFor))
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
		return fmt.Errorf("control address %q: only a loopback address like 127.0.0.1:1880 is allowed, because it asks for no password", address)
	}
	return nil
}
