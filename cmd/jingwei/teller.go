package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"jingwei/internal/backup"
)

// teller tells how far long work is: a line that is written over on a terminal, a line from time to time elsewhere, or
// JSON lines.
type teller struct {
	json     bool
	out, err io.Writer
	terminal bool
	begun    time.Time

	mu    sync.Mutex
	told  time.Time
	shown bool // a line stands on the terminal
}

func newTeller(asJSON bool, out, errs io.Writer) *teller {
	t := &teller{json: asJSON, out: out, err: errs, begun: time.Now(), told: time.Now()}
	if f, ok := errs.(*os.File); ok {
		info, err := f.Stat()
		t.terminal = err == nil && info.Mode()&os.ModeCharDevice != 0
	}
	return t
}

// progressLine is one line of --json.
type progressLine struct {
	backup.Progress
	BytesPerSecond int64 `json:"bytesPerSecond"`
	ETASeconds     int64 `json:"etaSeconds"` // -1: not known
}

// progress may be called often, and from several goroutines.
func (t *teller) progress(p backup.Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	every := time.Second
	if t.terminal {
		every = 200 * time.Millisecond
	} else if !t.json {
		every = 5 * time.Second
	}
	if time.Since(t.told) < every {
		return
	}
	t.told = time.Now()
	rate := int64(float64(p.Done) / max(time.Since(t.begun).Seconds(), 0.001))
	eta := int64(-1)
	if rate > 0 && p.Total >= p.Done {
		eta = (p.Total - p.Done) / rate
	}
	if t.json {
		_ = json.NewEncoder(t.out).Encode(map[string]any{"progress": progressLine{p, rate, eta}})
		return
	}
	line := fmt.Sprintf("%-10s %s of %s, %s/s", p.Phase, size(p.Done), size(p.Total), size(rate))
	if eta >= 0 {
		line += fmt.Sprintf(", %v left", time.Duration(eta)*time.Second)
	}
	if t.terminal {
		fmt.Fprintf(t.err, "\r\x1b[K%s", line)
		t.shown = true
	} else {
		fmt.Fprintln(t.err, line)
	}
}

func (t *teller) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.shown {
		fmt.Fprint(t.err, "\r\x1b[K")
		t.shown = false
	}
}

func (t *teller) say(format string, a ...any) {
	if !t.json {
		t.clear()
		fmt.Fprintf(t.err, format+"\n", a...)
	}
}

// result prints what came of it, in words or as the last JSON line.
func (t *teller) result(v any, words func(io.Writer)) error {
	t.clear()
	if t.json {
		return json.NewEncoder(t.out).Encode(map[string]any{"result": v})
	}
	words(t.out)
	return nil
}

// report prints findings, and gives an error where something is damaged.
func (t *teller) report(r *backup.Report, m *backup.Mended, lang string) error {
	err := t.result(struct {
		*backup.Report
		Mended *backup.Mended `json:"mended,omitempty"`
	}{r, m}, func(w io.Writer) {
		for i := range r.Findings {
			fmt.Fprintln(w, r.Findings[i].Tell(lang))
		}
		if m != nil {
			for _, f := range m.Replaced {
				fmt.Fprintf(w, "replaced from the repository: %s\n", f)
			}
			for _, f := range m.Moved {
				fmt.Fprintf(w, "moved aside: %s\n", f)
			}
		}
		s := r.Summary
		fmt.Fprintf(w, "%s: %d files, %s; %d blocks with %d samples, journal up to commit %d; %d findings, in %s\n",
			r.Subject, s.Files, size(s.Bytes), s.Blocks, s.Rows, s.Commits, len(r.Findings), time.Since(t.begun).Round(100*time.Millisecond))
	})
	if err == nil && r.Damaged() {
		err = fmt.Errorf("%s is damaged", r.Subject)
	}
	return err
}
